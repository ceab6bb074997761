"""A recipe determines every sample of a data set: which batches of chains are run, and which shard each belongs to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Recipe:
    """Hold all that the samples of a data set depend on; the file recipe.json has the same fields.

    Args:
        key: key of a run that each class sets, `condition.target` or `condition.text`; empty if none does.
        classes: the classes or captions, see `ppgn_dataset.asked.Asked`.
        per_class: number of samples of each.
        n_chains: largest number of chains in a batch.
        per_shard: largest number of samples in a shard.
        seed: seed of the data set.
        format: file format of the pictures, `png` or `jpg`.
        threads: threads of each process; sums are rounded otherwise with another number of them.
        overrides: overrides of every run.
        config: config of every run, but for its seed, its number of chains and what it asks for.
        versions: versions of the packages.
    """

    key: str
    classes: list[dict[str, Any]]
    per_class: int
    n_chains: int
    per_shard: int
    seed: int
    format: str
    threads: int
    overrides: list[str]
    config: dict[str, Any]
    versions: dict[str, str]


@dataclass(frozen=True)
class Batch:
    """Describe the chains of one class that run side by side.

    Args:
        seed: seed of the run, which no other batch has, in this data set or in one of another seed.
        asked: position of the class among the recipe's.
        first: index of its first sample in the data set.
        size: number of chains.
    """

    seed: int
    asked: int
    first: int
    size: int


def batches(recipe: Recipe) -> Iterator[Batch]:
    """Yield all batches: the first of every class, then the second of every class, and so on.

    So each shard has many classes. Batches depend on nothing but the recipe: networks round otherwise in a batch of
    another size.
    """
    rounds = -(-recipe.per_class // recipe.n_chains)
    first = number = 0
    for k in range(rounds):
        size = recipe.per_class // rounds + (k < recipe.per_class % rounds)
        for asked in range(len(recipe.classes)):
            yield Batch(recipe.seed << 32 | number, asked, first, size)
            first, number = first + size, number + 1


def shards(recipe: Recipe) -> list[list[Batch]]:
    """Return the batches of each shard: consecutive ones, as many as `per_shard` allows."""
    plan: list[list[Batch]] = [[]]
    for batch in batches(recipe):
        if plan[-1] and sum(one.size for one in plan[-1]) + batch.size > recipe.per_shard:
            plan.append([])
        plan[-1].append(batch)
    return plan


def difference(there: Mapping[str, Any], here: Mapping[str, Any]) -> str:
    """Return the first key that differs, as `per_class=20 there, 50 here`; empty if all are equal."""
    for key in dict.fromkeys((*there, *here)):
        a, b = there.get(key), here.get(key)
        if isinstance(a, dict) and isinstance(b, dict):
            if inside := difference(a, b):
                return f"{key}.{inside}"
        elif a != b:
            return f"{key}={_short(a)} there, {_short(b)} here"
    return ""


def _short(value: Any) -> str:
    if isinstance(value, list):
        names = [str(one.get("label")) if isinstance(one, dict) else str(one) for one in value]
        return f"[{','.join(names[:4])}{',…' if names[4:] else ''}] ({len(names)})"
    return str(value)
