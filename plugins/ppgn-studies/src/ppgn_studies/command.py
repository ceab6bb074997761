"""`ppgn study NAME KEY=VALUE …`: draw under many settings and measure what came of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Annotated, Any

from ppgn_core.api import component

Study = Callable[..., None]


def study(
    study: Annotated[dict[str, Any], Study], overrides: Sequence[str] = (), arguments: Sequence[str] = ()
) -> None:
    """Draw under many settings and measure what came of it; the same command goes on from what is there.

    All other KEY=VALUE go to the runs that a study makes: `n_chains=4`, `device=cuda`.

    Args:
        study: what is drawn and measured; its keys may be given as `study.KEY` or as `KEY`.
    """
    component("study", study, overrides=overrides, arguments=arguments)
