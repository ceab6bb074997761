"""Write what a study has found: a picture of the trade-off, one of the best samples, and a preset for each setting."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path

import yaml
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter
from optuna.trial import FrozenTrial
from PIL import Image
from rich.table import Table
from torch import Tensor, cat

from ppgn_core.atomic import atomic
from ppgn_core.console import terminal
from ppgn_core.images import enlarged, plotted, tile, to_uint8
from ppgn_core.sheet import draw

from .space import GUIDANCE, Setting
from .study import ERROR, setting_of

PRESET = "tuned"
NEAR = 0.05
"""Accuracy that a setting may lack, relative to the highest, and still be chosen for its diversity."""

NAMES = {"epsilon1": "ε1", "epsilon2": "ε2", "epsilon3": "ε3", GUIDANCE: "guidance", "n_steps": "steps"}


def choose(front: Sequence[FrozenTrial]) -> FrozenTrial:
    """Return the most diverse of the trials whose accuracy is within `NEAR` of the highest."""
    highest = max(trial.values[0] for trial in front)
    return min((t for t in front if t.values[0] >= (1 - NEAR) * highest), key=lambda t: (t.values[1], t.number))


def picture_of(folder: Path, number: int) -> Path:
    """Return the path of a trial's pictures."""
    return folder / "trials" / f"{number:04d}.png"


def save_pictures(folder: Path, number: int, pictures: Sequence[Tensor]) -> None:
    """Save a trial's pictures, a block of all; nothing if every chain stopped."""
    x = cat([drawn for drawn in pictures if len(drawn)]) if any(map(len, pictures)) else None
    if x is not None:
        with atomic(picture_of(folder, number)) as part:
            Image.fromarray(enlarged(tile(to_uint8(x), 2), 256)).save(part)


def write(folder: Path, finished: Sequence[FrozenTrial], front: Sequence[FrozenTrial], command: Sequence[str]) -> None:
    """Write trade_off.png, front.png and the presets, and print a table of the front."""
    chosen = choose(front)
    with atomic(folder / "trade_off.png") as part:
        trade_off(finished, front, chosen, shlex.join(command)).save(part)
    cells = [(_labels(t), _opened(path)) for t in front if (path := picture_of(folder, t.number)).exists()]
    if cells:
        with atomic(folder / "front.png") as part:
            draw(cells, columns=4).save(part)
    presets = folder / "experiment"
    for path in presets.glob(f"{PRESET}*.yaml"):
        path.unlink()
    for trial in front:
        _preset(presets / f"{PRESET}_{trial.number}.yaml", trial)
    _preset(presets / f"{PRESET}.yaml", chosen)
    _print(front, chosen)


def trade_off(
    finished: Sequence[FrozenTrial], front: Sequence[FrozenTrial], chosen: FrozenTrial, command: str
) -> Image.Image:
    """Plot accuracy over likeness: all trials, and the line of those that none beats in both, with their numbers."""
    figure = Figure(figsize=(6.4, 4.6), dpi=120, layout="constrained")
    axes = figure.subplots()
    axes.plot(*_points(finished), "o", color="0.7", markersize=5, label="tried")
    line = sorted(front, key=lambda trial: trial.values[1])
    axes.plot(*_points(line), "o-", color="tab:blue", markersize=7, label="none is better in both")
    axes.plot(*_points([finished[0]]), "*", color="tab:orange", markersize=15, label="the settings before")
    axes.plot(*_points([chosen]), "o", color="tab:red", markersize=15, fillstyle="none", label=f"experiment={PRESET}")
    for trial in line:
        axes.annotate(str(trial.number), (trial.values[1], trial.values[0]), (6, -12), textcoords="offset points")
    axes.set_xlabel("MS-SSIM of two pictures of a class (less: more diverse)")
    axes.set_ylabel("pictures that the judge names right")
    axes.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    axes.set_title(command if len(command) < 80 else f"{command[:77]}…", fontsize=8)
    axes.grid(alpha=0.25)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(fontsize=8)
    return Image.fromarray(plotted(figure))


def in_words(setting: Setting) -> str:
    """Return a setting as text, such as `ε1 0.1  ε2 10`."""
    return "  ".join(f"{NAMES[key]} {value:.3g}" for key, value in setting.items())


def _points(trials: Sequence[FrozenTrial]) -> tuple[list[float], list[float]]:
    return [trial.values[1] for trial in trials], [trial.values[0] for trial in trials]


def _labels(trial: FrozenTrial) -> dict[str, str]:
    return {"trial": str(trial.number), "right": f"{trial.values[0]:.0%}", "alike": f"{trial.values[1]:.2f}"}


def _opened(path: Path) -> Image.Image:
    with Image.open(path) as picture:
        return picture.convert("RGB")


def _preset(path: Path, trial: FrozenTrial) -> None:
    """Write a setting as a preset, with what was measured of it."""
    values: dict[str, object] = {key: value for key, value in setting_of(trial).items() if key != GUIDANCE}
    if GUIDANCE in setting_of(trial):
        values["sampler"] = {"guidance": setting_of(trial)[GUIDANCE]}
    measured = f"# trial {trial.number} of ppgn tune: {trial.values[0]:.0%} right, MS-SSIM {trial.values[1]:.3f}\n"
    with atomic(path) as part:
        text = "# @package _global_\n" + measured + yaml.safe_dump(values, sort_keys=False)
        part.write_text(text, encoding="utf-8")


def _print(front: Sequence[FrozenTrial], chosen: FrozenTrial) -> None:
    """Print a line for each setting that none beats in both, with an arrow before the chosen one."""
    keys = list(setting_of(front[0]))
    table = Table("", "trial", *(NAMES[key] for key in keys), "right", "MS-SSIM")
    for trial in front:
        values = [f"{setting_of(trial)[key]:.3g}" for key in keys]
        right = f"{100 * trial.values[0]:.0f} ± {100 * trial.user_attrs[ERROR]:.0f} %"
        mark = "→" if trial.number == chosen.number else ""
        table.add_row(mark, str(trial.number), *values, right, f"{trial.values[1]:.3f}")
    terminal().print(table)
