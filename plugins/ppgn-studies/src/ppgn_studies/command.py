"""`ppgn study NAME KEY=VALUE …`: draw under many settings and measure what came of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Annotated, Any

from ppgn_core.api import components
from ppgn_core.console import heed_interrupts

Study = Callable[..., None]


def study(
    study: Annotated[dict[str, Any], Study], overrides: Sequence[str] = (), arguments: Sequence[str] = ()
) -> None:
    """Draw under many settings and measure what came of it; the same command goes on from what is there.

    All other KEY=VALUE go to the runs that a study makes: `n_chains=4`, `device=cuda`.

    Args:
        study: what is drawn and measured; its keys may be given as `study.KEY` or as `KEY`.
    """
    chosen = components()["study"][study["name"]]
    keys = {key: value for key, value in study.items() if key != "name"}
    given = {"overrides": overrides, "arguments": arguments}
    function = chosen.load()
    heed_interrupts()  # from here on there is something to keep
    function(**keys, **{key: value for key, value in given.items() if key in chosen.signature.given})
