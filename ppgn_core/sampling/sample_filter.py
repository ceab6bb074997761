"""Select the samples to keep, as in `keep="probability>0.97"`."""

from __future__ import annotations

import math
import operator
import re
from typing import TYPE_CHECKING, Any

from ..errors import UserError
from ..nearest import nearest
from ..writers.trace import QUANTITIES, check_known, quantities

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
    """Split `probability>0.97` into quantity, sign and number.

    Raises:
        UserError: the text is not a comparison, or compares a quantity that trace.jsonl does not have.
    """
    match = PATTERN.fullmatch(str(text))
    if match is None:
        raise UserError(
            f"keep={text}: allowed is QUANTITY SIGN NUMBER, as in probability>0.97; quantities: "
            f"{', '.join(QUANTITIES)}; signs: {' '.join(SIGNS)}"
        )
    quantity, sign, number = match.groups()
    if quantity not in QUANTITIES:
        raise UserError(f"keep={text}: no such quantity; {nearest(quantity, QUANTITIES)}")
    return quantity, sign, float(number)


class SampleFilter:
    """Decide at each saved step which samples are kept, and count them.

    A chain that stopped has no new sample, and an unknown quantity satisfies no comparison.

    Args:
        text: comparison that kept samples satisfy, as in `probability>0.97`.

    Raises:
        UserError: the text is not a comparison, or compares a probability that the condition does not have.
    """

    def __init__(self, text: str, energy: Energy) -> None:
        self.text, self.energy = text, energy
        self.quantity, self.sign, self.number = parse(text)
        check_known(self.quantity, energy, f"keep={text}", QUANTITIES)
        self.seen = self.kept = 0
        self.low, self.high = math.inf, -math.inf

    def __call__(self, snapshot: Snapshot) -> Tensor:
        """Return which chains have a sample to keep, `(B,)`."""
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
        """Report how many samples were kept; if none, the range of the quantity."""
        if self.kept or not self.seen:
            return f"{self.kept} of {self.seen} samples kept: {self.text}"
        span = f"from {self.low:.3g} to {self.high:.3g}" if self.low <= self.high else "unknown"
        return f"keep={self.text}: none of {self.seen} samples; their {self.quantity} is {span}"
