"""Implement `ppgn study NAME KEY=VALUE …`, which draws pictures under several settings and compares them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Annotated, Any

from ppgn_core.api import components
from ppgn_core.console import heed_interrupts

Study = Callable[..., None]


def study(
    study: Annotated[dict[str, Any], Study], overrides: Sequence[str] = (), arguments: Sequence[str] = ()
) -> None:
    """Draw pictures under several settings and compare them; the same command continues an interrupted study.

    All other KEY=VALUE are passed to the runs of the study: `n_chains=4`, `device=cuda`.

    Args:
        study: name of the study; its keys may be given as `study.KEY` or as `KEY`.
    """
    chosen = components()["study"][study["name"]]
    keys = {key: value for key, value in study.items() if key != "name"}
    context = {"overrides": overrides, "arguments": arguments}
    function = chosen.load()
    heed_interrupts()  # from here on there are results to save
    function(**keys, **{key: value for key, value in context.items() if key in chosen.signature.given})
