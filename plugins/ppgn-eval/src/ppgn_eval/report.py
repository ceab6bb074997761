"""One page that shows what was measured: tables and pictures in a single file that needs nothing else."""

from __future__ import annotations

import base64
import io
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from html import escape
from importlib.resources import files
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING

from ppgn_core.atomic import atomic

if TYPE_CHECKING:
    from PIL import Image

Cell = str | float


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

    Pictures, style and script are within the page: it opens from disk, and nothing is fetched. All text is escaped.
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
            head = [_bars(column) for column in table.columns]
            body = [[_bars(text(cell)) for cell in row] for row in table.rows]
            rules = ["--:" if numbers else "---" for numbers in _numeric(table)]
            lines += [f"### {table.title}", "", *(f"| {' | '.join(row)} |" for row in [head, rules, *body]), ""]
            lines += [table.note, ""] if table.note else []
    return "\n".join(lines)


def text(cell: Cell) -> str:
    """A cell as it is shown: a number to four digits, a dash where it is unknown."""
    if isinstance(cell, str):
        return cell
    if not math.isfinite(cell):
        return "–" if math.isnan(cell) else f"{'−' * (cell < 0)}∞"
    return f"{cell:.0f}" if cell == int(cell) or abs(cell) >= 1000 else f"{cell:.4g}"


def _bars(cell: str) -> str:
    return cell.replace("|", "\\|")


def _number(cell: Cell) -> float | None:
    """What a cell is sorted by: itself, or the number that its text begins with, as in `0.41 ± 0.02`."""
    if not isinstance(cell, str):
        return None if math.isnan(cell) else float(cell)
    found = re.match(r"[-−+]?\d+(\.\d+)?(e[-+]?\d+)?(?![\w.])", cell.strip())
    return float(found[0].replace("−", "-")) if found else None


def _numeric(table: Table) -> list[bool]:
    """Which columns hold numbers, but for cells that are unknown."""
    known = [[row[k] for row in table.rows if text(row[k]) not in ("", "–")] for k in range(len(table.columns))]
    return [bool(cells) and all(_number(cell) is not None for cell in cells) for cells in known]


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


def _table(table: Table, anchor: str) -> str:
    numeric = _numeric(table)
    head = (
        f'<th scope="col"{" class=number" * numbers}><button type="button">{escape(column)}</button></th>'
        for column, numbers in zip(table.columns, numeric, strict=True)
    )
    rows = ("<tr>" + "".join(map(_cell, row, numeric)) + "</tr>" for row in table.rows)
    return "\n".join([
        f'<h3 id="{anchor}">{escape(table.title)}</h3>',
        f'<div class="scroll" tabindex="0" role="region" aria-labelledby="{anchor}">',
        f"<table>\n<thead><tr>{''.join(head)}</tr></thead>\n<tbody>",
        *rows,
        "</tbody>\n</table>\n</div>",
        _note(table.note),
    ])  # fmt: skip


def _cell(cell: Cell, numeric: bool) -> str:
    number = _number(cell)
    value = f' data-value="{repr(number).replace("inf", "Infinity")}"' if numeric and number is not None else ""
    return f"<td{' class=number' * numeric}{value}>{escape(text(cell))}</td>"


def _figure(figure: Figure, anchor: str) -> str:
    file = io.BytesIO()
    figure.image.convert("RGB").save(file, "PNG", optimize=True)
    alt = escape(f"{figure.title}. {figure.note}".strip() if figure.note else figure.title)
    return "\n".join([
        f'<h3 id="{anchor}">{escape(figure.title)}</h3>',
        "<figure>",
        '<button type="button" class="scroll" title="Full size and back" aria-pressed="false">',
        f'<img alt="{alt}" width="{figure.image.width}" height="{figure.image.height}" loading="lazy" decoding="async"'
        f' src="data:image/png;base64,{base64.b64encode(file.getvalue()).decode()}">',
        "</button>",
        f"<figcaption>{escape(figure.note)}</figcaption>" if figure.note else "",
        "</figure>",
    ])  # fmt: skip


def _note(note: str) -> str:
    return f'<p class="note">{escape(note)}</p>' if note else ""
