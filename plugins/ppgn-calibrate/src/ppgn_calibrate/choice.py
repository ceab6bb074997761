"""Choose a setting from what was measured of its pilot chains, and say what is wrong if none serves."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from .pilots import Setting

NEAR = 0.05
"""Share of the highest score that a setting may lack and still be chosen."""

SURE = 0.9
"""Certainty of the first pictures from which on there is nothing to climb."""


@dataclass(frozen=True)
class Measured:
    """Hold the figures of each chain of one setting, `(P,)` each.

    Args:
        climbed: the condition's certainty of the pictures.
        score: its certainty of views that it was not shown, or a second network's of the pictures.
        drift: relative change of the code by E∘G; None if the generator has no encoder.
        sharpness: mean difference of neighbouring pixels.
        alive: whether every chain reached the last step.
    """

    setting: Setting
    climbed: Tensor
    score: Tensor
    drift: Tensor | None
    sharpness: Tensor
    alive: bool


def choose(measured: list[Measured]) -> int | None:
    """Return the index of the best setting; None if no setting kept its chains finite.

    Of the settings whose score is within `NEAR` of the highest, it is the one with the least drift of h from E(G(h)),
    or, without an encoder, the one with the smallest ε2.
    """
    whole = [k for k, one in enumerate(measured) if one.alive]
    if not whole:
        return None
    scores = [float(one.score.mean()) for one in measured]
    highest = max(scores[k] for k in whole)
    near = [k for k in whole if scores[k] >= highest - NEAR * abs(highest)]
    drifts = [measured[k].drift for k in near]
    if any(drift is None for drift in drifts):
        return min(near, key=lambda k: measured[k].setting.epsilon2)
    return min(near, key=lambda k: float(measured[k].drift.mean()))  # type: ignore[union-attr]


def doubts(measured: list[Measured], chosen: int | None, start: float, second: bool, probable: bool) -> list[str]:
    """Return sentences on what is wrong with the best setting; none if nothing seems to be.

    Args:
        start: the condition's mean certainty of the first pictures.
        second: whether the scores are a second network's.
        probable: whether certainties are probabilities.
    """
    if chosen is None:
        return ["every chain stopped at a value that is not finite: the network's gradient may hold a NaN"]
    one, told = measured[chosen], []
    climbed, score = float(one.climbed.mean()), float(one.score.mean())
    alike = [k for k, other in enumerate(measured) if other.setting.epsilon1 == one.setting.epsilon1]
    if chosen in (alike[0], alike[-1]):
        end = "smallest" if chosen == alike[0] else "largest"
        told.append(f"the best epsilon2 is the {end} that was tried; a larger decades=… tries a wider range")
    if not probable:
        return told
    if start > SURE:
        told.append(
            f"saturated: the network is sure of the first pictures already (p = {start:.2g}), where its gradient is "
            "nearly zero, so that ε2 decides little; start elsewhere, or look at sheet.png and choose by eye"
        )
    elif climbed - start < 0.1 * (1 - start):
        told.append(
            f"the gradient is too flat: p(y | x) went from {start:.2g} to {climbed:.2g} at best; a target that the "
            "generator can draw, more steps, or a network whose gradient shows its classes (one trained on "
            "adversarial examples) may help"
        )
    elif score < climbed / 2:
        by = "a second network gives them" if second else "of mirrored, shifted and softened views it is"
        told.append(
            f"the pictures fool the network: it is sure of them (p = {climbed:.2f}), but {by} {score:.2f}; random "
            "views (condition.shift, condition.views) or a network trained on adversarial examples may help"
        )
    return told
