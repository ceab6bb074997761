"""One page that shows what was measured: tables and pictures in a single file that needs nothing else."""

from __future__ import annotations

import base64
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from html import escape
from importlib.resources import files
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING

from ppgn_core.atomic import atomic

from .cells import Cell, numeric, order, shown

if TYPE_CHECKING:
    from PIL import Image


@dataclass(frozen=True)
class Table:
    """Rows of as many cells as there are `columns`; a cell is text or a number, NaN where the number is unknown."""

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


@dataclass(frozen=True)
class Figure:
    """A picture under its title; the note says how to read it."""

    title: str
    image: Image.Image
    note: str = ""


@dataclass(frozen=True)
class Section:
    """A heading, paragraphs of plain text (a blank line apart) and what they are about."""

    title: str
    text: str
    parts: list[Table | Figure]


def write_report(path: Path, title: str, sections: list[Section], config: str = "") -> None:
    """Write the page of all `sections`, with the `config` they were made with, to the file `path`.

    Pictures (WebP), style and script are within it: it opens from disk, and nothing is fetched. All text is escaped.
    """
    folder = files(__package__) / "page"
    page = {name: (folder / name).read_text("utf-8") for name in ("page.html", "style.css", "page.js")}
    html = Template(page["page.html"]).substitute(
        title=escape(title),
        style=page["style.css"],
        script=page["page.js"],
        contents="\n".join(_contents(sections)),
        sections="\n".join(_section(section, f"s{i}") for i, section in enumerate(sections, 1)),
        config=f"<details>\n<summary>Config</summary>\n<pre>{escape(config)}</pre>\n</details>" if config else "",
    )
    with atomic(path) as temporary:
        temporary.write_text(html, encoding="utf-8")


def markdown(sections: list[Section]) -> str:
    """The tables alone, in Markdown: a heading for each section that has one, numbers to the right."""
    lines: list[str] = []
    for section in sections:
        tables = [part for part in section.parts if isinstance(part, Table)]
        lines += [f"## {section.title}", ""] if tables else []
        for table in tables:
            rules = ["--:" if numeric(table.column(k)) else "---" for k in range(len(table.columns))]
            rows = [list(map(_plain, row)) for row in [table.columns, *_shown(table)]]
            lines += [f"### {table.title}", "", *(f"| {' | '.join(row)} |" for row in [rows[0], rules, *rows[1:]]), ""]
            lines += [table.note, ""] if table.note else []
    return "\n".join(lines)


def _plain(text: str) -> str:
    """Text that Markdown takes for no more than text, in one line."""
    return re.sub(r"[\\`|<\[&]", r"\\\g<0>", " ".join(text.split()))


def _contents(sections: list[Section]) -> Iterator[str]:
    for i, section in enumerate(sections, 1):
        parts = (f'<li><a href="#s{i}p{j}">{escape(part.title)}</a></li>' for j, part in enumerate(section.parts, 1))
        inner = f"<ul>{''.join(parts)}</ul>" if section.parts else ""
        yield f'<li><a href="#s{i}">{escape(section.title)}</a>{inner}</li>'


def _section(section: Section, anchor: str) -> str:
    paragraphs = [f"<p>{escape(part.strip())}</p>" for part in section.text.split("\n\n") if part.strip()]
    parts = [
        _table(part, f"{anchor}p{j}") if isinstance(part, Table) else _figure(part, f"{anchor}p{j}")
        for j, part in enumerate(section.parts, 1)
    ]
    lines = [f'<section id="{anchor}">', f"<h2>{escape(section.title)}</h2>", *paragraphs, *parts, "</section>"]
    return "\n".join(lines)


def _shown(table: Table) -> list[list[str]]:
    columns = [shown(table.column(k)) for k in range(len(table.columns))]
    return [[column[i] for column in columns] for i in range(len(table.rows))]


def _table(table: Table, anchor: str) -> str:
    numbers = [numeric(table.column(k)) for k in range(len(table.columns))]
    head = (
        f'<th scope="col"{" class=number" * right}><button type="button">{escape(column)}</button></th>'
        for column, right in zip(table.columns, numbers, strict=True)
    )
    rows = (
        f"<tr>{''.join(map(_cell, row, texts, numbers))}</tr>"
        for row, texts in zip(table.rows, _shown(table), strict=True)
    )
    return "\n".join([
        f'<h3 id="{anchor}">{escape(table.title)}</h3>',
        f'<div class="scroll" tabindex="0" role="region" aria-labelledby="{anchor}">',
        f"<table>\n<thead><tr>{''.join(head)}</tr></thead>\n<tbody>",
        *rows,
        "</tbody>\n</table>\n</div>",
        f'<p class="note">{escape(table.note)}</p>' if table.note else "",
    ])  # fmt: skip


def _cell(cell: Cell, text: str, number: bool) -> str:
    value = order(cell) if number else None
    data = "" if value is None else f' data-value="{value!r}"'.replace("inf", "Infinity")
    return f"<td{' class=number' * number}{data}>{escape(text)}</td>"


def _figure(figure: Figure, anchor: str) -> str:
    file = io.BytesIO()
    figure.image.convert("RGB").save(file, "WEBP", quality=92)
    alt = escape(f"{figure.title}. {figure.note}".strip() if figure.note else figure.title)
    return "\n".join([
        f'<h3 id="{anchor}">{escape(figure.title)}</h3>',
        "<figure>",
        '<button type="button" class="scroll" title="Full size and back" aria-pressed="false">',
        f'<img alt="{alt}" width="{figure.image.width}" height="{figure.image.height}" loading="lazy" decoding="async"'
        f' src="data:image/webp;base64,{base64.b64encode(file.getvalue()).decode()}">',
        "</button>",
        f"<figcaption>{escape(figure.note)}</figcaption>" if figure.note else "",
        "</figure>",
    ])  # fmt: skip
