"""The pictures of a report. Each shows one system, or says of each of its parts which system that is."""

from __future__ import annotations

from collections.abc import Iterator

import torch

from . import figures
from .chains import trace
from .photographs import Judged, joined
from .sections import Figure, Section
from .study import Studied, Study, shown

MOST = 144
"""Images in one grid."""

CLASSES = 3
"""Whose photographs stand beside samples."""


def pictures(study: Study, at_most: int = 12) -> list[Section]:
    """A section for each of the first systems that have samples of several classes, or of the first of all."""
    drawn = [found for found in study.systems if found.ends]
    several = [found for found in drawn if len(found.ends) > 1] or drawn
    chosen = several[:at_most]
    left = f" The first {at_most} of {len(several)} are shown." if len(several) > at_most else ""
    sections = [
        Section(found.system.label, f"Samples of this system alone.{left}", list(_of_one(found, study)))
        for found in shown(chosen, "pictures")
    ]
    return [*sections, Section("All systems", "The first samples of each.", list(_sheets(drawn)))]


def _of_one(found: Studied, study: Study) -> Iterator[Figure]:
    samples, classes = joined(found.ends.values()), [k for k in found.ends if k in study.real]
    rows = []
    for k in classes[:CLASSES]:
        name, photographs, drawn = study.judge.labels[k], study.real[k], found.ends[k]
        best = photographs.logits.log_softmax(1)[:, k].argsort(descending=True)[:9]
        some = torch.randperm(len(photographs), generator=torch.Generator().manual_seed(k))[:9]
        rows += [(f"{name}: best real", photographs.images[best]), (f"{name}: real", photographs.images[some])]
        rows += [(f"{name}: samples", drawn.images[:9])]
    if rows:
        note = "For each class the nine photographs that the judge is surest of, nine at random, nine samples (Fig. 2)."
        yield Figure("Beside photographs", figures.side_by_side(rows), note)
        few = joined(found.ends[k][:2] for k in classes[:CLASSES])
        real = joined(study.real.values())
        image = figures.neighbours(few.images, few.features, real.images, real.features)
        yield Figure("Nearest photographs", image, "In the judge's features: does a sample copy one?")
    if len(samples) > 3:
        spread = _evenly(samples, MOST)
        yield Figure("By likeness", figures.tsne_grid(spread.images, spread.features), "t-SNE of the judge's features.")
    for run in found.system.runs[:1]:
        told, steps = trace(run)
        told = {name: values for name, values in told.items() if (values == values).any() and not (values == 1).all()}
        if told:
            asked = ", ".join(map(str, run.asked.values()))
            yield Figure(f"Traces: {asked}", figures.traces(told, steps), "A line for each chain.")


def _evenly(judged: Judged, at_most: int) -> Judged:
    return judged[torch.linspace(0, len(judged) - 1, min(at_most, len(judged))).long()]


def _sheets(drawn: list[Studied]) -> Iterator[Figure]:
    for condition in dict.fromkeys(found.system.parts[1] for found in drawn):
        cells = {}
        for found in drawn:
            prior, own, *besides = found.system.parts
            if own == condition:
                cells[" · ".join([prior, *besides])] = _evenly(joined(found.ends.values()), 4).images
        yield Figure(f"condition={condition}", figures.contact_sheet(cells))
