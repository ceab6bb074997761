"""The tables of a report: how good the samples are, how the chains mixed, and what that cost."""

from __future__ import annotations

import math
from statistics import fmean, median

import torch

from .diversity import WINDOW, share_more_diverse, within_classes
from .manifold import precision_recall
from .photographs import Classes, halves, joined
from .quality import accuracy, frechet_distance, inception_score, kernel_distance
from .report import Cell, Table
from .study import Studied, Study, shown

RESIZED = 128
"""Side that the last row of Table S3 resizes to, for comparison with Odena et al. 2016, in pixels."""

K = 3
"""Of precision and recall."""

UNKNOWN = math.nan


def quality(study: Study) -> Table:
    """What Table S3 has, and more: a row for real photographs, if there are any, and one for each system.

    A system of one class beside others of several is left out: its figures would say more of the class.
    """
    sizes = [study.size] + [RESIZED] * (study.size != RESIZED)
    columns = ["images", "number", "classes", "first, %", "first five, %", "inception score", "FID", "KID × 1000"]
    columns += ["precision", "recall", *(f"MS-SSIM, {size} px" for size in sizes), "more diverse, %"]
    several = any(len(found.ends) > 1 for found in study.systems)
    systems = [found for found in study.systems if found.ends and (len(found.ends) > 1 or not several)]
    asked = {k for found in systems for k in found.ends}
    measured, reference = halves({k: judged for k, judged in study.real.items() if k in asked})
    alike = [within_classes(_images(measured), size) for size in sizes]
    rows = [_row("real photographs", measured, reference, alike, sizes)] if measured else []
    rows += [_row(found.system.label, found.ends, reference, alike, sizes) for found in shown(systems, "quality")]
    note = (
        "The last sample of every chain, none left out. First, first five: how often the judge names the class asked "
        f"for. FID, KID, precision and recall (k = {K}) are in the judge's features, against every other "
        "photograph of the classes in that row; the first row is the photographs in between. FID falls with the number "
        "of images. MS-SSIM: mean over pairs of one class, low where they differ. More diverse: share of classes whose "
        "samples are less alike than the photographs of that class in which they are most alike."
    )
    return Table(f"Quality, judged by {study.judge.name}", columns, rows, note)


def _images(classes: Classes) -> dict[int, torch.Tensor]:
    return {k: judged.images for k, judged in classes.items()}


def _row(name: str, ends: Classes, real: Classes, alike: list[dict[int, float]], sizes: list[int]) -> list[Cell]:
    everything = joined(ends.values())
    known = {k: judged for k, judged in ends.items() if k >= 0}
    row: list[Cell] = [name, len(everything), len(ends)]
    if known:
        truth = torch.cat([torch.full((len(judged),), k) for k, judged in known.items()])
        logits = joined(known.values()).logits
        row += [100 * accuracy(logits, truth), 100 * accuracy(logits, truth, first=5)]
    else:
        row += [UNKNOWN] * 2
    row.append(inception_score(everything.logits))
    row += _distances(known, {k: judged for k, judged in real.items() if k in known})
    own = [within_classes(_images(ends), size) if _side(ends) >= WINDOW else {} for size in sizes]
    row += [fmean(found.values()) if found else UNKNOWN for found in own]
    paired = {k: value for k, value in own[-1].items() if k in alike[-1]}
    return [*row, 100 * share_more_diverse(paired, alike[-1])]


def _side(classes: Classes) -> int:
    return min(min(judged.images.shape[-2:]) for judged in classes.values())


def _distances(known: Classes, real: Classes) -> list[Cell]:
    """FID, KID, precision, recall: of the classes of which there are photographs."""
    known = {k: judged for k, judged in known.items() if k in real}
    if not known:
        return [UNKNOWN] * 4
    features, others = joined(known.values()).features, joined(real.values()).features
    if min(len(features), len(others)) <= K:
        return [UNKNOWN] * 4
    near = precision_recall(features, others, K)
    return [frechet_distance(features, others), 1000 * kernel_distance(features, others), *near]


def mixing(study: Study) -> Table:
    """A row for each system whose runs saved enough states."""
    columns = ["prior", "condition", "ε1", "ε3", "besides", "chains", "effective samples", "steps for one", "R̂"]
    columns += ["modes", "accepted, %", "seconds", "effective samples a second"]
    rows = [_mixed(found) for found in study.systems if found.walks]
    if not any(row[4] for row in rows):
        columns.pop(4)
        rows = [row[:4] + row[5:] for row in rows]
    note = (
        "Effective samples of all chains together (bulk ESS, ArviZ) and chain-steps for each, along the one of five "
        "principal components of the judge's features that mixes worst; R̂ near 1 where chains cannot be told apart. "
        "Modes: clusters of pictures that one chain went through, two pictures being of one mode if they are nearer "
        "than the median photograph of a class is to the next (samples, where there are no photographs). The start of "
        "each chain is left out of all this, and counts in the seconds."
    )
    return Table("Mixing and what it costs", columns, rows, note)


def _mixed(found: Studied) -> list[Cell]:
    setting, walks = found.system.setting, found.walks
    besides = [part for part in found.system.parts[2:] if not part.startswith(("epsilon1=", "epsilon3="))]
    ess, seconds = sum(walk.mixing.ess for walk in walks), sum(walk.seconds for walk in walks)
    accepted = [walk.acceptance for walk in walks if math.isfinite(walk.acceptance)]
    rhats = [walk.mixing.rhat for walk in walks if math.isfinite(walk.mixing.rhat)]
    return [
        *found.system.parts[:2],
        float(setting["epsilon1"]),
        float(setting["epsilon3"]),
        ", ".join(besides),
        sum(walk.chains for walk in walks),
        ess,
        sum(walk.chain_steps for walk in walks) / ess,
        median(rhats) if rhats else UNKNOWN,
        fmean(walk.mixing.modes for walk in walks),
        100 * fmean(accepted) if accepted else UNKNOWN,
        seconds,
        ess / seconds if seconds else UNKNOWN,
    ]
