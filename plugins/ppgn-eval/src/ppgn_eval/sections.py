"""A report consists of sections of tables and figures."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ppgn_core.images import encoded

from .cells import Cell, formatted, numeric, order

if TYPE_CHECKING:
    from PIL import Image


@dataclass(frozen=True)
class Table:
    """Hold rows with one cell for each of the `columns`; a cell is text or a number, NaN if unknown."""

    title: str
    columns: list[str]
    rows: list[list[Cell]]
    note: str = ""

    def __post_init__(self) -> None:
        for row in self.rows:
            if len(row) != len(self.columns):
                raise ValueError(f"{self.title}: a row of {len(row)} cells under {len(self.columns)} columns")

    def column(self, k: int) -> list[Cell]:
        return [row[k] for row in self.rows]

    @property
    def heads(self) -> list[tuple[str, bool]]:
        """Return the name of each column, and whether the column holds numbers."""
        return [(name, numeric(self.column(k))) for k, name in enumerate(self.columns)]

    @property
    def texts(self) -> list[list[str]]:
        """Return the rows as formatted text."""
        columns = [formatted(self.column(k)) for k in range(len(self.columns))]
        return [[column[i] for column in columns] for i in range(len(self.rows))]

    @property
    def cells(self) -> list[list[tuple[str, bool, str | None]]]:
        """Return the cells row by row: the text, whether its column holds numbers, and its sort key."""
        numbers = [number for _, number in self.heads]
        return [
            [(text, number, _value(cell) if number else None) for cell, text, number in zip(*row, numbers, strict=True)]
            for row in zip(self.rows, self.texts, strict=True)
        ]


def _value(cell: Cell) -> str | None:
    value = order(cell)
    return None if value is None else repr(value).replace("inf", "Infinity")


@dataclass(frozen=True)
class Figure:
    """Hold a picture with its title; the note says how to read it."""

    title: str
    image: Image.Image
    note: str = ""

    @property
    def alt(self) -> str:
        return f"{self.title}. {self.note}" if self.note else self.title

    @property
    def webp(self) -> str:
        """Return the picture as WebP in base 64."""
        return base64.b64encode(encoded(np.asarray(self.image.convert("RGB")), "webp", quality=92)).decode()


@dataclass(frozen=True)
class Section:
    """Hold a heading, paragraphs of plain text (separated by blank lines), and tables and figures."""

    title: str
    text: str
    parts: list[Table | Figure]

    @property
    def paragraphs(self) -> list[str]:
        return [part.strip() for part in self.text.split("\n\n") if part.strip()]
