"""Suggest what a user may have meant by a name that does not exist."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping

MOST = 60
"""Largest number of names that are all listed."""


def nearest(given: str, allowed: Iterable[str], written: Mapping[str, str] | None = None) -> str:
    """Return `nearest: a, b` if allowed names resemble `given`; else list all of them, or some if there are many.

    Args:
        written: how a name is written in the message, if not as in `allowed`.
    """
    given, names = given[:100], list(dict.fromkeys(allowed))
    near = difflib.get_close_matches(given, names, n=4, cutoff=0.6)
    near += sorted({name for name in names if name.rpartition(".")[2] == given} - {*near})
    if len(given) > 3:
        near += [name for name in names if given in name and name not in near][:4]
    few, listed = ("nearest", near) if near else ("there are", sorted(names))
    if len(listed) > MOST:
        few, listed = "for example", names[:5]
    return f"{few}: {', '.join((written or {}).get(name, name) for name in listed) or 'none'}"
