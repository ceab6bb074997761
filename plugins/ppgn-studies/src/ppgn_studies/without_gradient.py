"""`ppgn study without_gradient` compares samplers that know only scores with one that has the gradient."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from matplotlib.figure import Figure
from PIL import Image
from ppgn_eval.estimate import mean
from ppgn_eval.records import is_number, parsed, text
from rich.table import Table

from ppgn_core.console import terminal
from ppgn_core.images import plotted
from ppgn_core.user_input import home

from .making import make, publish

POPULATION, CHAINS = 40, 16
"""Pictures in a generation of the samplers without a gradient, and chains side by side with it."""

SAMPLERS: Mapping[str, Mapping[str, Any]] = {
    "cma_es": {"sampler": "cma_es", "n_chains": POPULATION},
    "cma_sphere": {"sampler": "cma_sphere", "n_chains": POPULATION},
    "evolution": {"sampler": "evolution", "n_chains": POPULATION},
    "the gradient": {"sampler": "random_start", "n_chains": CHAINS},
}


def without_gradient(
    out: str = "without_gradient",
    units: Sequence[int] = (7, 20, 33, 46, 59, 72, 85, 98),
    pictures: Annotated[int, ">= 80", "<= 1e6"] = 3000,
    overrides: Sequence[str] = (),
) -> None:
    """Let samplers without a gradient evolve codes for units of mini's encoder, beside one that has it.

    The score is log p of the unit among those of conv5, at its most active place, without a prior. A generation has 40
    pictures; with the gradient there are 16 chains, a step of which is 16 pictures. The result is
    without_gradient.png: the highest score so far by the number of pictures, the mean over the units.

    Args:
        out: folder for a run of each unit and sampler; those that are there already are not made again.
        units: units of conv5.
        pictures: number of pictures that each sampler may draw for a unit.
    """
    place = home(out, "out")
    table = Table("sampler", "after 1,000", f"after {pictures:,}", title=f"highest score so far: {out}")
    curves: dict[str, np.ndarray] = {}
    for name, own in SAMPLERS.items():
        n_steps = pictures // own["n_chains"] - 1
        keys: dict[str, Any] = {"prior": "none", "condition": "hidden_neuron", "condition.network": "encoder"}
        keys |= {"condition.layer": "conv5", "condition.position": "max"}
        keys |= {"save_every": 1, "writer": ["trace", "codes", "record"], **own}
        best = []
        for unit in units:
            folder = place / f"{name.replace(' ', '_')}_{unit}"
            make(folder, n_steps, keys | {"condition.unit": unit}, overrides)
            best.append(_best(folder, n_steps))
        curves[name] = np.array(best)
        after = [min(1000, pictures) // own["n_chains"] - 1, n_steps]
        table.add_row(name, *(str(mean(curves[name][:, step])) for step in after))
    terminal().print(table)
    publish(_plot(curves), place / "without_gradient.png")


def _best(folder: Path, n_steps: int) -> list[float]:
    """Return the highest log p of all pictures up to each step."""
    highest = [-math.inf] * (n_steps + 1)
    for line in text(folder / "trace.jsonl").splitlines():
        row = parsed(line, "trace.jsonl")
        if is_number(row["log_prob"]) and 0 <= row["step"] <= n_steps:
            highest[row["step"]] = max(highest[row["step"]], float(row["log_prob"]))
    return list(np.maximum.accumulate(highest))


def _plot(curves: Mapping[str, np.ndarray]) -> Image.Image:
    figure = Figure(figsize=(7, 4), layout="constrained", dpi=120)
    axes = figure.add_subplot()
    for name, best in curves.items():
        x = SAMPLERS[name]["n_chains"] * np.arange(1, best.shape[1] + 1)
        middle, error = best.mean(0), best.std(0, ddof=1) / len(best) ** 0.5 if len(best) > 1 else 0 * best[0]
        (line,) = axes.plot(x, middle, label=name)
        axes.fill_between(x, middle - error, middle + error, alpha=0.2, color=line.get_color())
    axes.set(xlabel="pictures", ylabel="highest log p of the unit so far", xscale="log")
    axes.legend()
    axes.grid(alpha=0.3)
    return Image.fromarray(plotted(figure))
