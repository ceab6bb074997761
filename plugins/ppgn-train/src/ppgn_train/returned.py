"""Check what a recipe's methods return, so that a line names the recipe that returns something else."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import Tensor

from ppgn_core import blame
from ppgn_core.errors import PluginError


def scalars(recipe: Any, value: Any) -> Mapping[str, Tensor]:
    """Return what `step` returned: single numbers to log, by name.

    Raises:
        PluginError: it is something else.
    """
    return _numbers(recipe, "step", value, "detached tensors of one number")


def figures(recipe: Any, value: Any) -> Mapping[str, float]:
    """Return what `evaluate` returned: scores by name.

    Raises:
        PluginError: it is something else.
    """
    return _numbers(recipe, "evaluate", value, "floats")


def picture(recipe: Any, value: Any) -> Tensor | None:
    """Return what `picture` returned: RGB pictures `(B, 3, H, W)`, or None.

    Raises:
        PluginError: it is something else.
    """
    if value is not None:
        like = value if isinstance(value, Tensor) else Tensor()
        blame.check_tensor(recipe, "picture", value, like, (-1, 3, -1, -1), "RGB pictures in [0, 1], or None,")
    return value


def _numbers(recipe: Any, method: str, value: Any, wanted: str) -> Any:
    def wrong(what: str) -> PluginError:
        needed = f"must be a mapping of names to {wanted} (ppgn_train.loop.Recipe)"
        return PluginError(f"{blame.origin(recipe, method)}: {method} returned {what}, {needed}")

    if not isinstance(value, Mapping):
        raise wrong(f"a {type(value).__name__}")
    for name, number in value.items():
        if isinstance(number, Tensor):
            if number.numel() != 1:
                raise wrong(f"the shape {tuple(number.shape)} for {name!r}")
        elif method == "step" or not isinstance(number, int | float):
            raise wrong(f"a {type(number).__name__} for {name!r}")
    return value
