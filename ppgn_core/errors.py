"""Define the one error that users meet: bad input, reported in one line."""

from __future__ import annotations

LONGEST = 120


class UserError(Exception):
    """Report bad input; the exit code is 2.

    The message is one line that names the key, what was given and what is allowed.
    """

    def __init__(self, message: str) -> None:
        super().__init__("".join(c if c.isprintable() else repr(c)[1:-1] for c in message))


class PluginError(UserError):
    """Report a component that failed or broke its protocol: one line that names its plugin, with the error as cause."""


def reason(error: BaseException) -> str:
    """Return the first line of what an error says, or its type if it says nothing: libraries' errors may have many."""
    return (str(error).strip() or type(error).__name__).splitlines()[0]


def written(value: object) -> str:
    """Write a value as users do: `null`, `true`.

    >>> written(None), written(False), written(0.5)
    ('null', 'false', '0.5')
    """
    return "null" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def shown(value: object) -> str:
    """Write a value as users do, for a message; the middle of a long text is left out.

    >>> shown(None), shown("x" * 1000).count("x")
    ('null', 120)
    """
    text = written(value)
    if len(text) <= LONGEST:
        return text
    return f"{text[: LONGEST // 2]}…{text[-LONGEST // 2 :]} ({len(text)} characters)"
