"""A judge's number as the objective of a run, `objective=JUDGE`, for sweepers of Hydra."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from omegaconf import DictConfig, OmegaConf
from torch import Tensor

from ppgn_core.errors import UserError

from .classes import asked_for
from .judge import built, judged


def named_as_asked(name: str, config: DictConfig) -> Callable[[Tensor, int], float]:
    """Return a function of pictures `(B, 3, H, W)` in [0, 1] and the number of chains, which the judge `name` measures.

    It is the share of the chains whose picture the judge names as the class that the condition asks for. A chain that
    stopped has no picture and counts as a miss.

    Raises:
        UserError: the condition asks for no class of the judge, or the data are no RGB images.
    """
    judge = built(name, config.device)
    plain: Any = OmegaConf.to_container(config, resolve=True)
    label = asked_for(plain, judge.labels)
    if label is None:
        raise UserError(f"objective={name}: condition={config.condition.name} asks for no class of this judge")

    def share(x: Tensor, chains: int) -> float:
        if x.dim() != 4 or x.shape[1] != 3:
            raise UserError(f"objective={name}: the data have the shape {tuple(x.shape[1:])}; a judge needs RGB images")
        return int((judged(judge, x).logits.argmax(1) == label).sum()) / chains

    return share
