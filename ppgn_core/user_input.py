"""Read what users pass by name: words that YAML may have converted, paths, and text files in any encoding."""

from __future__ import annotations

import codecs
import re
import stat
from pathlib import Path

from .errors import UserError, shown, written

MARKS = {
    codecs.BOM_UTF8: "utf-8",
    codecs.BOM_UTF32_LE: "utf-32-le",  # before UTF-16, whose mark is the beginning of this one
    codecs.BOM_UTF32_BE: "utf-32-be",
    codecs.BOM_UTF16_LE: "utf-16-le",
    codecs.BOM_UTF16_BE: "utf-16-be",
}

MOST_BYTES = 2**26
"""Largest text file that is read."""


def key_of(override: str) -> str:
    """Return the key of an override, `condition.text` of `++condition.text="oranges"`; empty for a flag."""
    match = re.match(r"(?:\+\+?|~)?([^=\s-][^=]*)=|~([^=\s-][^=]*)$", override)
    return (match[1] or match[2]) if match else ""


def word(value: object, key: str) -> str:
    """Return the text that the user meant when YAML turned it into `null`, `true` or a number.

    Raises:
        UserError: the value is a list or a mapping.
    """
    if value is None or isinstance(value, str | int | float | Path):
        return written(value)
    raise UserError(f"{key}={shown(value)}: allowed is text")


def home(text: str | Path, key: str) -> Path:
    """Return the path with a leading `~` or `~NAME` expanded to that home folder, whether or not it exists.

    Raises:
        UserError: no user of that name has a home folder, or no path can have that name.
    """
    try:
        place = Path(text).expanduser()
        place.stat()
    except (FileNotFoundError, NotADirectoryError):
        return place
    except (OSError, RuntimeError, ValueError) as error:  # an unknown user, a name that is too long or has a NUL
        raise UserError(f"{key}={shown(text)}: {getattr(error, 'strerror', None) or error}") from error
    return place


def path(value: object, key: str) -> Path:
    """Return the existing file or folder that `value` names; `~` is the home folder.

    Raises:
        UserError: nothing exists there, or it is neither a file nor a folder; reading a pipe or a device might never
            end.
    """
    if value is None or isinstance(value, bool) or not word(value, key).strip():
        raise UserError(f"{key}={word(value, key)}: allowed is a path")
    place = home(word(value, key), key)
    try:
        mode = place.stat().st_mode
    except OSError as error:
        raise UserError(f"{key}={shown(place)}: {error.strerror or error}") from error
    if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
        raise UserError(f"{key}={shown(place)}: neither a file nor a folder")
    return place


def file(value: object, key: str) -> Path:
    """Return the existing file that `value` names, as `path` does.

    Raises:
        UserError: nothing exists there, or it is not a file.
    """
    place = path(value, key)
    if place.is_dir():
        raise UserError(f"{key}={shown(place)}: a folder; allowed is a file")
    return place


def lines(value: object, key: str) -> list[str]:
    """Return the lines of a text file that are not blank.

    UTF-8, and UTF-16 or UTF-32 with a byte order mark, are recognised; anything else is read as Latin-1.

    Raises:
        UserError: there is no such file, or it is too large or not text.
    """
    place = file(value, key)
    try:
        if place.stat().st_size > MOST_BYTES:
            raise UserError(f"{key}={shown(place)}: it has {place.stat().st_size} bytes; allowed are {MOST_BYTES}")
        data = place.read_bytes()
    except OSError as error:
        raise UserError(f"{key}={shown(place)}: {error.strerror or error}") from error
    try:
        text = _decoded(data)
    except UnicodeDecodeError as error:
        raise UserError(f"{key}={shown(place)}: not a text file ({error.reason})") from error
    if re.search(r"[\x00-\x08\x0e-\x1a\x1c-\x1f]", text):
        raise UserError(f"{key}={shown(place)}: not a text file")
    return [line for line in re.split(r"\r\n|\r|\n", text) if line.strip()]


def _decoded(data: bytes) -> str:
    for mark, encoding in MARKS.items():
        if data.startswith(mark):
            return data[len(mark) :].decode(encoding)
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode("cp1252" if re.search(rb"[\x80-\x9f]", data) else "latin-1")
