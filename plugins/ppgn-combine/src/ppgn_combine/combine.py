"""Combine conditions, each a term with a name and a weight."""

from __future__ import annotations

import math
from collections.abc import Mapping

import torch
from torch import Tensor

from ppgn_core.errors import UserError
from ppgn_core.nearest import nearest
from ppgn_core.protocols import Condition


class Product:
    """Satisfy several conditions at once (AND, NOT): log p(y | x) = Σ_k w_k · log p_k(y_k | x), up to a constant.

    It is a product of experts (Hinton 2002), like p(x) · p(y | x) itself (Eq. 2). A positive weight means AND, a
    negative one NOT. −log p_k has no upper bound, so a NOT never stops pulling, unless its term climbs p_k itself
    (`gradient: softmax`).

    Args:
        terms: conditions by names of your choice, {NAME: {name: OPTION, KEY: …}, …}; the terms of a list are named 0,
            1, ….
        weights: w_k by the names of the terms; 1 for a term without a weight.

    Raises:
        UserError: there are no terms, or a weight belongs to no term or is not finite.
    """

    def __init__(self, terms: dict[str, Condition] | list[Condition], weights: Mapping[str, float] = {}) -> None:
        self.terms = _weighted(terms, weights)
        self.remarks = [line for term, _ in self.terms for line in getattr(term, "remarks", ())]
        self.differentiable = _all_differentiable(self.terms)

    def log_prob(self, x: Tensor) -> Tensor:
        """Return log p(y | x), `(B, …)` → `(B,)`, up to a constant."""
        return torch.stack([weight * _climbed(term, x) for term, weight in self.terms]).sum(0)


class Mixture:
    """Satisfy any one of several conditions (OR): log p(y | x) = log Σ_k w_k · p_k(y_k | x) / Σ_k w_k.

    Its gradient is the sum of the terms' gradients, each weighted by the term's share of the sum, so a chain mostly
    climbs the term that it is nearest to. A mixture has a probability, namely this p, if every term has one; `product`,
    for example, has none.

    Args:
        terms: conditions by names of your choice, {NAME: {name: OPTION, KEY: …}, …}; the terms of a list are named 0,
            1, ….
        weights: w_k by the names of the terms, positive; 1 for a term without a weight.

    Raises:
        UserError: there are no terms, or a weight belongs to no term or is not positive and finite.
    """

    def __init__(self, terms: dict[str, Condition] | list[Condition], weights: Mapping[str, float] = {}) -> None:
        self.terms = _weighted(terms, weights)
        self.remarks = [line for term, _ in self.terms for line in getattr(term, "remarks", ())]
        if all(hasattr(term, "probability") for term, _ in self.terms):
            self.probability = torch.exp
        for name, weight in weights.items():
            if weight <= 0:
                raise UserError(f"condition.weights.{name}={weight}: allowed are positive numbers; product knows NOT")
        self.differentiable = _all_differentiable(self.terms)
        self.total = sum(weight for _, weight in self.terms)

    def log_prob(self, x: Tensor) -> Tensor:
        """Return log p(y | x), `(B, …)` → `(B,)`."""
        weighted = [_climbed(term, x) + math.log(weight / self.total) for term, weight in self.terms]
        return torch.stack(weighted).logsumexp(0)


def _climbed(term: Condition, x: Tensor) -> Tensor:
    """Return log p_k(y_k | x) `(B,)`, whose gradient is multiplied by the term's own `weight`."""
    log_p, weight = term.log_prob(x), float(getattr(term, "weight", 1.0))
    return log_p if weight == 1 else weight * log_p + ((1 - weight) * log_p).detach()


def _all_differentiable(terms: list[tuple[Condition, float]]) -> bool:
    return all(getattr(term, "differentiable", True) for term, _ in terms)


def _weighted(
    terms: dict[str, Condition] | list[Condition], weights: Mapping[str, float]
) -> list[tuple[Condition, float]]:
    if not isinstance(terms, dict | list) or not terms:
        value = terms if terms is None or isinstance(terms, dict | list) else "…"
        raise UserError(
            f"condition.terms={value}: allowed are conditions by name, {{NAME: {{name: OPTION, KEY: …}}, …}}"
        )
    named = terms if isinstance(terms, dict) else {str(i): term for i, term in enumerate(terms)}
    for name, weight in weights.items():
        if name not in named:
            raise UserError(f"condition.weights.{name}: no such term; {nearest(name, named)}")
        if not math.isfinite(weight):
            raise UserError(f"condition.weights.{name}={weight}: must be a finite number")
    return [(term, weights.get(name, 1.0)) for name, term in named.items()]
