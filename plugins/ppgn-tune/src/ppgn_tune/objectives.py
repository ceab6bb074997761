"""Draw pictures with a setting, and measure how often the judge names what was asked for, and how alike they are."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from ppgn_eval.classes import asked_for
from ppgn_eval.diversity import WINDOW, within_classes
from ppgn_eval.estimate import Estimate, rate
from ppgn_eval.judge import Judge, judged
from torch import Tensor

from ppgn_core.api import assembled, configured
from ppgn_core.errors import UserError, shown

from .space import Setting


@dataclass(frozen=True)
class Wish:
    """Hold what is asked for: the overrides of its runs, and the judge's class that their pictures should show."""

    overrides: tuple[str, ...]
    label: int


@dataclass(frozen=True)
class Measured:
    """Hold the two objectives of a setting, and its pictures for each wish.

    Args:
        accuracy: share of the chains whose last picture the judge gives to the class; a chain that stopped shows none.
        alike: mean MS-SSIM of two pictures of a class, 1 if a class has fewer than two; less is more diverse.
    """

    accuracy: Estimate
    alike: float
    pictures: list[Tensor]


def wishes(overrides: Sequence[str], targets: Sequence[str], wanted: Sequence[str], judge: Judge) -> list[Wish]:
    """Return what is asked for: each target in turn, or the run's own.

    Args:
        wanted: classes of the judge, one for each target; empty for those that the run's config names.

    Raises:
        UserError: an override is not allowed, or it is unknown which class of the judge a target is.
    """
    runs = [(*overrides, f"condition.target={target}") for target in targets] or [tuple(overrides)]
    if wanted and len(wanted) != len(runs):
        raise UserError(f"wanted={shown(list(wanted))}: allowed is one class for each target, {len(runs)} in all")
    found = []
    for k, run in enumerate(runs):
        label = judge.labels.find(wanted[k]).index if wanted else asked_for(configured(*run), judge.labels)
        if label is None:
            asked = run[-1] if targets else f"condition={configured(*run)['condition']['name']}"
            raise UserError(f"wanted is required: {shown(asked)} names no class of {judge.name}; wanted=CLASS does")
        found.append(Wish(run, label))
    return found


def measure(asked: Sequence[Wish], setting: Setting, judge: Judge) -> Measured:
    """Draw with a setting and measure.

    Raises:
        UserError: a value is not allowed, or the data are no images large enough for MS-SSIM.
    """
    hits = chains = 0
    pictures, alike = [], []
    for wish in asked:
        drawn, n = draw(wish.overrides, setting)
        named = judged(judge, drawn).logits.argmax(1) == wish.label if len(drawn) else torch.zeros(0)
        hits, chains = hits + int(named.sum()), chains + n
        alike.append(within_classes({wish.label: drawn}).get(wish.label, 1.0))
        pictures.append(drawn)
    return Measured(rate(hits, chains), sum(alike) / len(alike), pictures)


def draw(overrides: Sequence[str], setting: Setting) -> tuple[Tensor, int]:
    """Return the last pictures `(B, 3, H, W)` in [0, 1] of the chains that did not stop, and how many chains began."""
    keys: dict[str, Any] = dict(setting)
    last = deque(assembled(*overrides, **keys), maxlen=1).pop()
    x = last.state.x
    if x.dim() != 4 or x.shape[1] != 3 or min(x.shape[-2:]) < WINDOW:
        allowed = f"allowed are RGB images of {WINDOW} pixels or more"
        raise UserError(f"the generator draws data of the shape {tuple(x.shape[1:])}; {allowed}")
    return x[last.alive].clamp(0, 1).float().cpu(), len(x)
