"""Conditions made of conditions, each term with a name and a weight."""

from __future__ import annotations

import math
from collections.abc import Mapping

import torch
from torch import Tensor

from ppgn_core.errors import UserError
from ppgn_core.nearest import nearest
from ppgn_core.protocols import Condition


class Product:
    """All of several conditions: log p(y | x) = Σ_k w_k · log p_k(y_k | x), up to a constant.

    A product of experts (Hinton 2002), as p(x) · p(y | x) is one (Eq. 2). A positive weight is AND, a negative one
    NOT. −log p_k has no upper bound, so a NOT never stops pulling, unless its term climbs p_k itself
    (`gradient: softmax`).

    Args:
        terms: conditions by names of your own, {NAME: {name: OPTION, KEY: …}, …}; those of a list are called 0, 1, ….
        weights: w_k by the terms' names; 1 where there is none.

    Raises:
        UserError: no terms, a weight of no term, or one that is not finite.
    """

    def __init__(self, terms: dict[str, Condition] | list[Condition], weights: Mapping[str, float] = {}) -> None:
        self.terms = _weighted(terms, weights)

    def log_prob(self, x: Tensor) -> Tensor:
        """`(B, …)` → `(B,)`."""
        return torch.stack([weight * _climbed(term, x) for term, weight in self.terms]).sum(0)


class Mixture:
    """Any of several conditions: log p(y | x) = log Σ_k w_k · p_k(y_k | x) / Σ_k w_k.

    OR: its gradient is that of each term, weighted with the term's share of the sum, so a chain climbs most what it is
    nearest to. It has a probability, which is this p, if every term has one: the term `product` has none, for one.

    Args:
        terms: conditions by names of your own, {NAME: {name: OPTION, KEY: …}, …}; those of a list are called 0, 1, ….
        weights: w_k by the terms' names, positive; 1 where there is none.

    Raises:
        UserError: no terms, a weight of no term, or one that is not positive and finite.
    """

    def __init__(self, terms: dict[str, Condition] | list[Condition], weights: Mapping[str, float] = {}) -> None:
        self.terms = _weighted(terms, weights)
        if all(hasattr(term, "probability") for term, _ in self.terms):
            self.probability = torch.exp
        for name, weight in weights.items():
            if weight <= 0:
                raise UserError(f"condition.weights.{name}={weight}: allowed are positive numbers; product knows NOT")
        self.total = sum(weight for _, weight in self.terms)

    def log_prob(self, x: Tensor) -> Tensor:
        """`(B, …)` → `(B,)`."""
        weighted = [_climbed(term, x) + math.log(weight / self.total) for term, weight in self.terms]
        return torch.stack(weighted).logsumexp(0)


def _climbed(term: Condition, x: Tensor) -> Tensor:
    """log p_k(y_k | x) `(B,)` in value, with the gradient of the term's own `weight` times it."""
    log_p, weight = term.log_prob(x), float(getattr(term, "weight", 1.0))
    return log_p if weight == 1 else weight * log_p + ((1 - weight) * log_p).detach()


def _weighted(
    terms: dict[str, Condition] | list[Condition], weights: Mapping[str, float]
) -> list[tuple[Condition, float]]:
    if not isinstance(terms, dict | list) or not terms:
        given = terms if terms is None or isinstance(terms, dict | list) else "…"
        raise UserError(
            f"condition.terms={given}: allowed are conditions by name, {{NAME: {{name: OPTION, KEY: …}}, …}}"
        )
    named = terms if isinstance(terms, dict) else {str(i): term for i, term in enumerate(terms)}
    for name, weight in weights.items():
        if name not in named:
            raise UserError(f"condition.weights.{name}: no such term; {nearest(name, named)}")
        if not math.isfinite(weight):
            raise UserError(f"condition.weights.{name}={weight}: must be a finite number")
    return [(term, weights.get(name, 1.0)) for name, term in named.items()]
