"""Cache what one evaluation of the energy has computed, for components that need it again.

`Energy.evaluate` opens a cache and closes it, so no value outlives the pictures that it belongs to. Outside an
evaluation there is no cache, and every component computes what it needs.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from torch import Tensor


class ForwardCache:
    """Cache values by their owner and by the tensor of pictures that they were computed from."""

    def __init__(self) -> None:
        self._values: dict[tuple[int, int], Any] = {}
        self._names: dict[int, int] = {}
        self._alive: list[Any] = []  # an id is unique only while its object lives

    def put(self, owner: object, x: Tensor, value: Any) -> None:
        """Store what `owner` has computed from `x`, or an intermediate result."""
        self._alive += [owner, x]
        self._values[id(owner), self._names.get(id(x), id(x))] = value

    def get(self, owner: object, x: Tensor) -> Any | None:
        """Return what `owner` has stored for `x`, or None."""
        return self._values.get((id(owner), self._names.get(id(x), id(x))))

    def equate(self, copy: Tensor, x: Tensor) -> None:
        """Treat `copy`, another tensor with the same pictures, as `x` from now on."""
        self._alive += [copy, x]
        self._names[id(copy)] = self._names.get(id(x), id(x))


_CURRENT: ContextVar[ForwardCache | None] = ContextVar("forward_cache", default=None)


def current() -> ForwardCache | None:
    """Return the cache of the evaluation in progress, or None outside an evaluation."""
    return _CURRENT.get()


@contextmanager
def opened() -> Iterator[ForwardCache]:
    """Open a cache for one evaluation."""
    cache = ForwardCache()
    token = _CURRENT.set(cache)
    try:
        yield cache
    finally:
        _CURRENT.reset(token)
