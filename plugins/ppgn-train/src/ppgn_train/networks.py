"""Trained networks that a recipe begins with or asks, from the files that its keys name."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from pathlib import Path
from typing import TypeVar

from ppgn_core.errors import UserError
from ppgn_core.weights import ConfiguredNetwork

N = TypeVar("N", bound=ConfiguredNetwork)


def load(kind: type[N], key: str, path: str) -> N:
    """The network of that kind that `key=path` names.

    Raises:
        UserError: no such file, or one of something else.
    """
    try:
        return kind.load(Path(path))
    except UserError as error:
        raise UserError(str(error).replace("weights=", f"{key}=", 1)) from error
    except (KeyError, TypeError, ValueError, RuntimeError, AttributeError) as error:
        raise UserError(f"{key}={path}: allowed are weights of {kind.__name__}, with its table") from error


def check_names(key: str, names: str | Collection[str], there: Iterable[str]) -> None:
    """Check that names are of what is there, such as a network's layers.

    Raises:
        UserError: one is not, or there is none.
    """
    each, there = [names] if isinstance(names, str) else list(names), list(there)
    if not each or not set(each) <= set(there):
        given, allowed = (names, "is one") if isinstance(names, str) else (f"[{','.join(map(str, each))}]", "are some")
        raise UserError(f"{key}={given}: allowed {allowed} of {', '.join(there)}")
