"""Configure a run from overrides: compose, check, and apply `resume=`."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from omegaconf import DictConfig

from ..errors import UserError
from ..options.registry import Registry
from .check import check
from .compose import composed
from .hydra_errors import translated
from .overrides import prepared
from .resume import Resumed


def configure(
    arguments: Sequence[str],
    registry: Registry,
    earlier: Resumed | None = None,
    objects: Collection[str] = (),
) -> tuple[DictConfig, list[str]]:
    """Compose and check the config of a run; return it with its overrides.

    Args:
        earlier: run whose config the arguments change; None for the one that `resume=` names, if any.
        objects: kinds whose components are objects, which replace those of the config.

    Raises:
        UserError: an argument is not allowed.
    """
    for argument in arguments:
        if not isinstance(argument, str) or argument.startswith("-"):
            raise UserError(f"{argument}: allowed are overrides, KEY=VALUE")
    overrides = prepared(arguments, registry)
    resumed = earlier or Resumed.named_in(overrides, registry, objects)
    with translated(registry):
        config = composed([*(resumed.choices if resumed else []), *overrides])
        if resumed:
            config = resumed.restored(config, overrides)
    check(config)
    return config, overrides
