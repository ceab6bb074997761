"""Define a judge: which of three colours pictures have, without a network."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from ppgn_core import Register, hookimpl
from ppgn_core.model import Labels

if TYPE_CHECKING:
    from torch import Tensor

    from ppgn_eval.judge import Verdict


class NewPlugin:
    """Judge whether pictures are red, green or blue, by their mean colour.

    Args:
        sharpness: factor of the logits; a large one makes the judge sure.
    """

    name = "new_plugin"
    labels = Labels.named(["red", "green", "blue"])

    def __init__(self, sharpness: Annotated[float, "> 0"] = 10.0) -> None:
        self.sharpness = sharpness
        self.key = f"{self.name} {sharpness}"  # judges with one key give one verdict: verdicts are cached by it

    def __call__(self, x: Tensor) -> Verdict:
        """Judge RGB pictures `(B, 3, H, W)` in [0, 1] of any size, each by itself."""
        from ppgn_eval.judge import Verdict  # here, as it imports torch, and `--help` must be quick

        colour = x.clamp(0, 1).mean((2, 3))
        return Verdict(features=colour, logits=self.sharpness * colour)


@hookimpl
def register_judges(register: Register) -> None:
    register("new_plugin", NewPlugin)
