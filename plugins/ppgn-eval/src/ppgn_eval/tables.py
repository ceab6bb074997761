"""Make the tables of a report: how good the samples are, how the chains mixed, and what that cost."""

from __future__ import annotations

import math

import numpy as np
import torch

from .cells import Cell
from .diversity import WINDOW, share_more_diverse, within_classes
from .estimate import Estimate, mean, rate
from .manifold import precision_recall
from .mixing import LARGEST_RHAT
from .photographs import Classes, halves, joined
from .quality import frechet_distance, inception_score, kernel_distance, named
from .sections import Table
from .study import Studied, Study, progress

RESIZED = 128
"""Side in pixels to which images are resized in the last row of Table S3, for comparison with Odena et al. 2016."""

K = 3
"""Number of neighbours for precision and recall."""

UNKNOWN = math.nan

QUALITY_NOTE = (
    "Every row uses the last sample of each chain, and no sample is left out. First and first five: share of samples "
    "for which the class asked for is the judge's first choice, or among its first five. FID, KID, precision and "
    f"recall ({K} neighbours) compare the samples, in the judge's feature space, with every other photograph of the "
    "same classes; the first row compares the remaining photographs with these. FID falls as the number of images "
    "grows. MS-SSIM: mean over pairs of images of one class, low if they differ. More diverse: share of classes whose "
    "samples resemble each other less than the photographs of the least diverse class do. ± is the standard error: "
    "√(p(1 − p)/n) for a share p of n samples, photographs or classes (if none or all are hits, that of half a hit or "
    "half a miss), and s/√n for a mean over n classes. The chains of a class are independent of each other; the "
    "samples of one chain are not, which is why only the last one counts. The n of precision counts samples and that "
    "of recall photographs, each with the other set taken as given; that of MS-SSIM counts classes, as the pairs of "
    "one class share images."
)

MIXING_NOTE = (
    "Effective samples: effective number of samples of all chains together (bulk ESS, ArviZ), along the one of the "
    "first five principal components of the judge's features that mixes worst. Steps for one: chain-steps per "
    "effective sample. R̂, the largest of all runs, is near 1 if the chains cannot be told apart. If it is above "
    f"{LARGEST_RHAT} (Brooks and Gelman 1998) or unknown, the chains have not been shown to mix; the estimate would "
    "then be little more than one effective sample per chain, whatever the chains do, so – is printed instead. Modes: "
    "number of clusters of pictures that one chain visited. Two pictures belong to one mode if they are nearer to "
    "each other than the median photograph is to the nearest other one of its class (or the median sample, without "
    "photographs). The start of each chain is left out of all these figures, but its time is included in the seconds. "
    "± of modes and acceptance is the standard error s/√n over chains, as the samples of one chain are not "
    "independent."
)


def quality(study: Study) -> Table:
    """Make a table like Table S3 with more columns: a row for real photographs, if any, and one for each system.

    A system of a single class is left out beside others of several, as its figures would mostly reflect the class.
    """
    sizes = [study.size] + [RESIZED] * (study.size != RESIZED)
    columns = ["images", "number", "classes", "first, %", "first five, %", "inception score", "FID", "KID × 1000"]
    columns += ["precision", "recall", *(f"MS-SSIM, {size} px" for size in sizes), "more diverse, %"]
    several = any(len(studied.ends) > 1 for studied in study.systems)
    systems = [studied for studied in study.systems if studied.ends and (len(studied.ends) > 1 or not several)]
    asked = {k for studied in systems for k in studied.ends}
    measured, reference = halves({k: judged for k, judged in study.real.items() if k in asked})
    alike = [within_classes(_images(measured), size) for size in sizes]
    rows = [_row("real photographs", measured, reference, alike, sizes)] if measured else []
    rows += [_row(one.system.label, one.ends, reference, alike, sizes) for one in progress(systems, "quality")]
    return Table(f"Quality, judged by {study.judge.name}", columns, rows, QUALITY_NOTE)


def _images(classes: Classes) -> dict[int, torch.Tensor]:
    return {k: judged.images for k, judged in classes.items()}


def _row(name: str, ends: Classes, real: Classes, alike: list[dict[int, float]], sizes: list[int]) -> list[Cell]:
    everything = joined(ends.values())
    known = {k: judged for k, judged in ends.items() if k >= 0}
    row: list[Cell] = [name, len(everything), len(ends)]
    if known:
        truth = torch.cat([torch.full((len(judged),), k) for k, judged in known.items()])
        logits = joined(known.values()).logits
        row += [str(100 * named(logits, truth, first)) for first in (1, 5)]
    else:
        row += [UNKNOWN] * 2
    row.append(inception_score(everything.logits))
    row += _distances(known, {k: judged for k, judged in real.items() if k in known})
    side = min(min(judged.images.shape[-2:]) for judged in ends.values())
    own = [within_classes(_images(ends), size) if side >= WINDOW else {} for size in sizes]
    row += [str(mean(by_class.values())) for by_class in own]
    paired = {k: value for k, value in own[-1].items() if k in alike[-1]}
    return [*row, str(100 * _of(len(paired), share_more_diverse(paired, alike[-1])))]


def _of(n: int, share: float) -> Estimate:
    """Return `share` of n trials as a rate."""
    return rate(round(share * n) if n else 0, n)


def _distances(known: Classes, real: Classes) -> list[Cell]:
    """Return FID, KID, precision and recall, over the classes of which there are photographs."""
    known = {k: judged for k, judged in known.items() if k in real}
    if not known:
        return [UNKNOWN] * 4
    features, others = joined(known.values()).features, joined(real.values()).features
    if min(len(features), len(others)) <= K:
        return [UNKNOWN] * 4
    precision, recall = precision_recall(features, others, K)
    near = [_of(len(features), precision), _of(len(others), recall)]
    return [frechet_distance(features, others), 1000 * kernel_distance(features, others), *map(str, near)]


def mixing(study: Study) -> Table:
    """Make a table with a row for each system whose runs saved enough states."""
    columns = ["prior", "condition", "ε1", "ε3", "besides", "chains", "effective samples", "steps for one", "R̂"]
    columns += ["modes", "accepted, %", "seconds", "effective samples a second"]
    rows = [_mixed(studied) for studied in study.systems if studied.walks]
    if not any(row[4] for row in rows):
        columns.pop(4)
        rows = [row[:4] + row[5:] for row in rows]
    return Table("Mixing and what it costs", columns, rows, MIXING_NOTE)


def _mixed(studied: Studied) -> list[Cell]:
    setting, walks = studied.system.setting, studied.walks
    besides = [part for part in studied.system.parts[2:] if not part.startswith(("epsilon1=", "epsilon3="))]
    seconds = sum(walk.seconds for walk in walks)
    ess = sum(walk.mixing.ess for walk in walks) if all(walk.mixing.mixed for walk in walks) else UNKNOWN
    return [
        *studied.system.parts[:2],
        float(setting["epsilon1"]),
        float(setting["epsilon3"]),
        ", ".join(besides),
        sum(walk.chains for walk in walks),
        ess,
        sum(walk.chain_steps for walk in walks) / ess,
        float(np.max([walk.mixing.rhat for walk in walks])),
        str(mean(count for walk in walks for count in walk.mixing.modes)),
        str(100 * mean(accepted for walk in walks for accepted in walk.acceptance)),
        seconds,
        ess / seconds if seconds else UNKNOWN,
    ]
