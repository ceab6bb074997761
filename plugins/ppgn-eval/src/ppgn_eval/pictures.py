"""Make the pictures of a report; each shows one system, or labels its parts by system."""

from __future__ import annotations

from collections.abc import Iterator

import torch

from . import figures
from .chains import trace
from .photographs import Judged, joined
from .sections import Figure, Section
from .study import Studied, Study, progress

MOST = 144
"""Largest number of images in one grid."""

CLASSES = 3
"""Number of classes whose photographs are shown beside samples."""


def pictures(study: Study, at_most: int = 12) -> list[Section]:
    """Make a section for each of the first systems that have samples of several classes, or else of any."""
    drawn = [studied for studied in study.systems if studied.ends]
    several = [studied for studied in drawn if len(studied.ends) > 1] or drawn
    chosen = several[:at_most]
    left = f" The first {at_most} of {len(several)} are shown." if len(several) > at_most else ""
    sections = [
        Section(studied.system.label, f"Samples of this system alone.{left}", list(_of_one(studied, study)))
        for studied in progress(chosen, "pictures")
    ]
    return [*sections, Section("All systems", "The first samples of each.", list(_sheets(drawn)))]


def _of_one(studied: Studied, study: Study) -> Iterator[Figure]:
    samples, classes = joined(studied.ends.values()), [k for k in studied.ends if k in study.real]
    rows = []
    for k in classes[:CLASSES]:
        name, photographs, drawn = study.judge.labels[k], study.real[k], studied.ends[k]
        best = photographs.logits.log_softmax(1)[:, k].argsort(descending=True)[:9]
        some = torch.randperm(len(photographs), generator=torch.Generator().manual_seed(k))[:9]
        rows += [(f"{name}: best real", photographs.images[best]), (f"{name}: real", photographs.images[some])]
        rows += [(f"{name}: samples", drawn.images[:9])]
    if rows:
        note = "For each class the nine photographs that the judge is surest of, nine at random, nine samples (Fig. 2)."
        yield Figure("Beside photographs", figures.side_by_side(rows), note)
        few = joined(studied.ends[k][:2] for k in classes[:CLASSES])
        real = joined(study.real.values())
        image = figures.neighbours(few.images, few.features, real.images, real.features)
        yield Figure("Nearest photographs", image, "In the judge's features: does a sample copy one?")
    if len(samples) > 3:
        spread = _evenly(samples, MOST)
        yield Figure("By likeness", figures.tsne_grid(spread.images, spread.features), "t-SNE of the judge's features.")
    for run in studied.system.runs[:1]:
        quantities, steps = trace(run)
        quantities = {
            name: values for name, values in quantities.items() if (values == values).any() and not (values == 1).all()
        }
        if quantities:
            asked = ", ".join(map(str, run.asked.values()))
            yield Figure(f"Traces: {asked}", figures.traces(quantities, steps), "A line for each chain.")


def _evenly(judged: Judged, at_most: int) -> Judged:
    return judged[torch.linspace(0, len(judged) - 1, min(at_most, len(judged))).long()]


def _sheets(drawn: list[Studied]) -> Iterator[Figure]:
    for condition in dict.fromkeys(studied.system.parts[1] for studied in drawn):
        cells = {}
        for studied in drawn:
            prior, own, *besides = studied.system.parts
            if own == condition:
                cells[" · ".join([prior, *besides])] = _evenly(joined(studied.ends.values()), 4).images
        yield Figure(f"condition={condition}", figures.contact_sheet(cells))
