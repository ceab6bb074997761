"""From overrides to the config of a run: composed, checked, `resume=` included."""

from __future__ import annotations

from collections.abc import Sequence

from omegaconf import DictConfig

from ..errors import UserError
from ..options.registry import Registry
from .check import check
from .compose import composed
from .hydra_errors import explain
from .overrides import prepared
from .resume import Resumed


def configure(arguments: Sequence[str], registry: Registry) -> tuple[DictConfig, list[str]]:
    """Compose and check the config of a run, `resume=` included; return it with its overrides.

    Raises:
        UserError: something in the arguments is not allowed.
    """
    for argument in arguments:
        if not isinstance(argument, str) or argument.startswith("-"):
            raise UserError(f"{argument}: allowed are overrides, KEY=VALUE")
    overrides = prepared(arguments, registry)
    resumed = Resumed.named_in(overrides, registry)
    try:
        config = composed([*(resumed.choices if resumed else []), *overrides])
        if resumed:
            config = resumed.restored(config, composed(resumed.choices), overrides)
    except Exception as error:
        told = explain(error, registry)
        if told is error:
            raise
        raise told from error
    check(config)
    return config, overrides
