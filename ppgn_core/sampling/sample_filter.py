"""`keep="probability>0.97"`: which samples are worth a picture."""

from __future__ import annotations

import math
import operator
import re
from typing import TYPE_CHECKING, Any

from ..errors import UserError
from ..nearest import nearest
from ..writers.trace import QUANTITIES, quantities

if TYPE_CHECKING:
    from torch import Tensor

    from ..energy import Energy
    from ..protocols import Snapshot

SIGNS: dict[str, Any] = {
    ">=": operator.ge,
    "<=": operator.le,
    "==": operator.eq,
    "!=": operator.ne,
    ">": operator.gt,
    "<": operator.lt,
}
PATTERN = re.compile(rf"\s*(\w+)\s*({'|'.join(SIGNS)})\s*([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)\s*")


def parse(text: Any) -> tuple[str, str, float]:
    """Quantity, sign and number of `probability>0.97`.

    Raises:
        UserError: it is no comparison, or of something that trace.jsonl does not have.
    """
    found = PATTERN.fullmatch(str(text))
    if found is None:
        raise UserError(
            f"keep={text}: allowed is QUANTITY SIGN NUMBER, as in probability>0.97; quantities: "
            f"{', '.join(QUANTITIES)}; signs: {' '.join(SIGNS)}"
        )
    quantity, sign, number = found.groups()
    if quantity not in QUANTITIES:
        raise UserError(f"keep={text}: no such quantity; {nearest(quantity, QUANTITIES)}")
    return quantity, sign, float(number)


class SampleFilter:
    """Tells for each saved step which samples are kept, and in the end how many were.

    A chain that stopped has no new sample, and a quantity that is unknown meets no comparison.

    Args:
        text: the comparison that kept samples meet, as in `probability>0.97`.

    Raises:
        UserError: no comparison, or one of a probability that the condition does not know.
    """

    def __init__(self, text: str, energy: Energy) -> None:
        self.text, self.energy = text, energy
        self.quantity, self.sign, self.number = parse(text)
        if self.quantity == "probability" and not hasattr(energy.condition, "probability"):
            others = ", ".join(name for name in QUANTITIES if name != "probability")
            raise UserError(f"keep={text}: this condition knows no probability; allowed are {others}")
        self.seen = self.kept = 0
        self.low, self.high = math.inf, -math.inf

    def __call__(self, snapshot: Snapshot) -> Tensor:
        """Which chains have a sample to keep, `(B,)`."""
        values = quantities(snapshot, self.energy)[self.quantity]
        assert values is not None
        values = values.double()  # as trace.jsonl has them
        known = snapshot.alive & values.isfinite()
        kept = known & SIGNS[self.sign](values, self.number)
        self.seen, self.kept = self.seen + int(snapshot.alive.sum()), self.kept + int(kept.sum())
        if known.any():
            self.low = min(self.low, float(values[known].min()))
            self.high = max(self.high, float(values[known].max()))
        return kept

    def __str__(self) -> str:
        """How many were kept; where none was, what there was to choose from."""
        if self.kept or not self.seen:
            return f"{self.kept} of {self.seen} samples kept: {self.text}"
        span = f"from {self.low:.3g} to {self.high:.3g}" if self.low <= self.high else "unknown"
        return f"keep={self.text}: none of {self.seen} samples; their {self.quantity} is {span}"
