"""Implement `ppgn calibrate KEY=VALUE …`, which finds the ε2 that suits a condition."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import torch
import yaml
from PIL import Image
from rich.table import Table

from ppgn_core.atomic import atomic
from ppgn_core.console import heed_interrupts, say, terminal
from ppgn_core.errors import UserError
from ppgn_core.images import enlarged, tile, to_uint8
from ppgn_core.protocols import Condition
from ppgn_core.sheet import draw
from ppgn_core.user_input import home

from .choice import Measured, choose, doubts
from .measures import as_certainty, certainty, certainty_of_views, drift, sharpness
from .pilots import Pilots, Setting, run

PRESET = "calibrated"


def calibrate(
    out: str = "calibration",
    epsilon1: list[float] | None = None,
    decades: Annotated[float, "> 0", "<= 20"] = 5.0,
    settings: Annotated[int, ">= 2", "<= 100"] = 11,
    pilots: Annotated[int, ">= 1", "<= 1000"] = 4,
    batch_size: Annotated[int, ">= 1"] = 64,
    second: Annotated[dict[str, Any] | None, Condition] = None,
    overrides: Sequence[str] = (),
) -> None:
    """Find the ε2 that suits a condition, by short pilot chains over a wide range of it.

    All other KEY=VALUE are those of a run: `condition=torchvision condition.arch=resnet18 condition.weights=FILE`. The
    pictures of each ε2 are judged by what the climbed network says of views that it was not shown (mirrored, enlarged,
    softened, shifted), or by a second network. Of the settings that come near the best, the one whose codes h differ
    least from E(G(h)) is chosen. The results are a table, `sheet.png` with the pictures of every setting, and a preset:
    `--config-dir OUT experiment=calibrated`.

    Args:
        out: folder for the sheet and the preset.
        epsilon1: values of ε1 to try; null for the run's own.
        decades: width of the range of ε2, in powers of ten. Its middle is found from the length of the gradient.
        settings: number of values of ε2.
        pilots: number of chains for each value.
        batch_size: largest number of chains in one batch.
        second: another condition that judges the pictures: `second=imagenet second.target=lemon`.
    """
    place = home(out, "out")
    if place.exists() and (not place.is_dir() or any(place.iterdir())):
        raise UserError(f"out={out}: it is there already and not empty; allowed is a new folder")
    heed_interrupts()
    measured: list[Measured] = []
    sheet: list[tuple[dict[str, str], Image.Image]] = []
    try:
        for own in [[f"epsilon1={value}"] for value in epsilon1 or ()] or [[]]:
            for batch in run([*overrides, *own], settings, decades, pilots, batch_size, second):
                some = _measured(batch)
                measured += some
                sheet += [(_labels(one), _picture(x)) for one, x in zip(some, batch.x.split(pilots), strict=True)]
    except KeyboardInterrupt:
        raise KeyboardInterrupt("nothing is kept, as it writes at the end") from None
    chosen = choose(measured)
    _print(measured, chosen, second is not None)
    start = float(as_certainty(batch.condition, batch.start).mean())
    for doubt in doubts(measured, chosen, start, second is not None, hasattr(batch.condition, "probability")):
        say(doubt)
    place.mkdir(parents=True, exist_ok=True)
    with atomic(place / "sheet.png") as part:
        draw(sheet, columns=4).save(part)
    say(str(place / "sheet.png"))
    if chosen is not None:
        say(f"python -m ppgn_core --config-dir {_preset(place, measured[chosen].setting)} experiment={PRESET} …")


@torch.no_grad()
def _measured(batch: Pilots) -> list[Measured]:
    """Measure the chains of each setting."""
    x, n = batch.x, len(batch.settings)
    score = certainty_of_views(batch.condition, x) if batch.judge is None else certainty(batch.judge, x)
    climbed, sharp = certainty(batch.condition, x), sharpness(x)
    kept = drift(batch.generator, x, batch.h)
    rows = zip(
        batch.settings,
        climbed.chunk(n),
        score.chunk(n),
        [None] * n if kept is None else kept.chunk(n),
        sharp.chunk(n),
        batch.alive.chunk(n),
        strict=True,
    )
    return [Measured(of, one, views, keeps, sharp, bool(alive.all())) for of, one, views, keeps, sharp, alive in rows]


def _labels(one: Measured) -> dict[str, str]:
    return {"ε1": f"{one.setting.epsilon1:.3g}", "ε2": f"{one.setting.epsilon2:.3g}", "p": f"{one.score.mean():.2f}"}


def _picture(x: torch.Tensor) -> Image.Image:
    return Image.fromarray(enlarged(tile(to_uint8(x), 2), 192))


def _print(measured: list[Measured], chosen: int | None, second: bool) -> None:
    """Print a line for each setting, with an arrow before the chosen one."""
    judged = "second network" if second else "of unseen views"
    table = Table("", "ε1", "ε2", "guidance", "climbed", judged, "not kept by G∘E", "sharpness", "")
    for k, one in enumerate(measured):
        guidance = "–" if one.setting.guidance is None else f"{one.setting.guidance:.3g}"
        kept = "–" if one.drift is None else f"{one.drift.mean():.2f}"
        figures = f"{one.climbed.mean():.3g}", f"{one.score.mean():.3g}", kept, f"{one.sharpness.mean():.3f}"
        mark = "→" if k == chosen else ""
        epsilons = f"{one.setting.epsilon1:.3g}", f"{one.setting.epsilon2:.3g}"
        table.add_row(mark, *epsilons, guidance, *figures, "" if one.alive else "not finite")
    terminal().print(table)


def _preset(place: Path, setting: Setting) -> Path:
    """Write the preset, and return the folder to pass as `--config-dir`."""
    values: dict[str, Any] = {"epsilon1": setting.epsilon1, "epsilon2": float(f"{setting.epsilon2:.3g}")}
    if setting.guidance is not None:
        values["sampler"] = {"guidance": float(f"{setting.guidance:.3g}")}
    path = place / "experiment" / f"{PRESET}.yaml"
    path.parent.mkdir()
    with atomic(path) as part:
        part.write_text("# @package _global_\n" + yaml.safe_dump(values, sort_keys=False))
    return place
