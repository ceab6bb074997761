"""Suggest what a user may have meant by a name that does not exist."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


def nearest(given: str, allowed: Iterable[str]) -> str:
    """Return `nearest: a, b` if allowed names resemble `given`, else all of them: `there are: a, b, c`."""
    names = sorted(allowed)
    near = difflib.get_close_matches(given, names, n=3, cutoff=0.6)
    near += [name for name in names if name.rpartition(".")[2] == given and name not in near]
    return f"nearest: {', '.join(near)}" if near else f"there are: {', '.join(names) or 'none'}"
