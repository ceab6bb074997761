"""One page that shows what was measured: tables and pictures in a single file that needs nothing else."""

from __future__ import annotations

import re
from importlib.resources import files
from pathlib import Path

from jinja2 import Environment, StrictUndefined

from ppgn_core.atomic import atomic

from .sections import Section, Table


def write_report(path: Path, title: str, sections: list[Section], config: str = "") -> None:
    """Write the page of all `sections`, with the `config` they were made with, to the file `path`.

    Pictures (WebP), style and script are within it: it opens from disk, and nothing is fetched. All text is escaped.
    """
    folder = files(__package__) / "page"
    page = {name: (folder / name).read_text("utf-8") for name in ("page.html", "style.css", "page.js")}
    template = Environment(autoescape=True, undefined=StrictUndefined).from_string(page["page.html"])
    html = template.render(
        title=title, sections=sections, config=config, style=page["style.css"], script=page["page.js"]
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
            rules = ["--:" if number else "---" for _, number in table.heads]
            rows = [list(map(_plain, row)) for row in [table.columns, *table.texts]]
            lines += [f"### {table.title}", "", *(f"| {' | '.join(row)} |" for row in [rows[0], rules, *rows[1:]]), ""]
            lines += [table.note, ""] if table.note else []
    return "\n".join(lines)


def _plain(text: str) -> str:
    """Text that Markdown takes for no more than text, in one line."""
    return re.sub(r"[\\`|<\[&]", r"\\\g<0>", " ".join(text.split()))
