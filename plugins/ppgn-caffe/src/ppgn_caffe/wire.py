"""Read the protobuf wire format: the fields of a message, without a schema and without trusting the data.

Nothing is copied: every value is a view into the file, so no length in the data can make anything larger than the file.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count

import numpy as np

MAX_FIELDS = 100_000
"""Largest number of fields in a file; a run of an unpacked list counts as one. The released files have thousands."""
MAX_DEPTH = 32
"""Deepest nesting of groups."""

Value = int | memoryview | np.ndarray
"""Varints are ints, length-delimited values are views, and runs of 32 or 64 bit values are arrays of floats."""


class Corrupt(ValueError):
    """The data is not a valid protobuf message."""


@dataclass(frozen=True)
class Message:
    """Hold one message; nested messages made by `within` share its limit on the number of fields."""

    data: memoryview
    _taken: Iterator[int] = field(default_factory=count, repr=False)

    def within(self, value: Value) -> Message:
        if not isinstance(value, memoryview):
            raise Corrupt("a number stands where a message belongs")
        return Message(value, self._taken)

    def fields(self) -> Iterator[tuple[int, Value]]:
        """Yield the number and the value of every field; groups are skipped.

        Raises:
            Corrupt: a length, tag or number is impossible, there are too many fields, or groups are nested too deeply.
        """
        at, depth = 0, 0
        while at < len(self.data):
            if next(self._taken) >= MAX_FIELDS:
                raise Corrupt(f"more than {MAX_FIELDS} fields")
            start = at
            tag, at = varint(self.data, at)
            number, kind = tag >> 3, tag & 7
            value: Value
            if number == 0:
                raise Corrupt("a field has the number 0")
            if kind in (3, 4):
                depth += 1 if kind == 3 else -1
                if not 0 <= depth <= MAX_DEPTH:
                    raise Corrupt("groups that do not match or go too deep")
                continue
            if kind == 0:
                value, at = varint(self.data, at)
            elif kind == 2:
                length, at = varint(self.data, at)
                if length > len(self.data) - at:
                    raise Corrupt(f"a field of {length} bytes where {len(self.data) - at} are left")
                value, at = self.data[at : at + length], at + length
            elif kind in (1, 5):
                value = _run(self.data, start, at - start, "<f8" if kind == 1 else "<f4")
                at = start + len(value) * (at - start + value.itemsize)
            else:
                raise Corrupt(f"a field of the type {kind}, which there is not")
            if depth == 0:
                yield number, value
        if depth:
            raise Corrupt("a group has no end")


def varint(data: memoryview, at: int) -> tuple[int, int]:
    """Return the number at `at`, of at most 64 bits, and the position after it."""
    number = 0
    for i, byte in enumerate(data[at : at + 10]):
        number |= (byte & 127) << 7 * i
        if byte < 128:
            return number & (1 << 64) - 1, at + i + 1
    raise Corrupt("the file ends within a number" if len(data) - at < 10 else "a number of more than 64 bits")


def _run(data: memoryview, start: int, tag_size: int, kind: str) -> np.ndarray:
    """Return the values from `start` on as long as the same tag precedes each: an unpacked list.

    The number of records compared doubles each time, so short and long runs are both read quickly.
    """
    record = np.dtype([("tag", f"V{tag_size}"), ("value", kind)])
    most = (len(data) - start) // record.itemsize
    if most == 0:
        raise Corrupt("the file ends within a number")
    rows = np.frombuffer(data, np.uint8, most * record.itemsize, start).reshape(most, record.itemsize)
    n_same = 1
    while n_same < most:
        same = (rows[n_same : 2 * n_same, :tag_size] == rows[0, :tag_size]).all(1)
        n_same += len(same) if same.all() else int(same.argmin())
        if not same.all():
            break
    return np.frombuffer(data, record, n_same, start)["value"]
