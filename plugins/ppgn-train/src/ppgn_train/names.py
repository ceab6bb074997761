"""Check names that a recipe's keys give, such as those of a network's layers."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from ppgn_core.errors import UserError


def check_names(key: str, names: str | Collection[str], there: Iterable[str]) -> None:
    """Check that names exist, such as those of a network's layers.

    Raises:
        UserError: a name does not exist, or there are no names.
    """
    each, there = [names] if isinstance(names, str) else list(names), list(there)
    if not each or not set(each) <= set(there):
        given, allowed = (names, "is one") if isinstance(names, str) else (f"[{','.join(map(str, each))}]", "are some")
        raise UserError(f"{key}={given}: allowed {allowed} of {', '.join(there)}")
