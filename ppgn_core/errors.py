"""The one error a user meets: bad input, told in a line."""

from __future__ import annotations

LONGEST = 120


class UserError(Exception):
    """Bad input. The message is one line that names the key, what was given and what is allowed; the exit code is 2."""

    def __init__(self, message: str) -> None:
        super().__init__("".join(c if c.isprintable() else repr(c)[1:-1] for c in message))


def shown(value: object) -> str:
    """What was given, short enough to be read in a message: the middle of a long text is left out.

    >>> shown("x" * 1000).count("x")
    120
    """
    text = str(value)
    if len(text) <= LONGEST:
        return text
    return f"{text[: LONGEST // 2]}…{text[-LONGEST // 2 :]} ({len(text)} characters)"
