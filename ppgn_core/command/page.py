"""Lay out text for the terminal in headings and two columns, several times faster than rich does."""

from __future__ import annotations

import os
import shutil
import sys
import textwrap
from collections.abc import Iterable, Sequence

BOLD, DIM, CYAN = 1, 2, 36
NARROWEST = 20
"""Least width of the left column."""


class Page:
    """Collect lines as wide as the terminal, coloured, or of 120 columns and plain if stdout is not a terminal."""

    def __init__(self) -> None:
        terminal = sys.stdout.isatty()
        self.colour = terminal and os.name != "nt" and not os.environ.get("NO_COLOR")
        self.width = max(20, shutil.get_terminal_size((120, 24)).columns) if terminal else 120
        self.lines: list[str] = []

    def text(self, text: str) -> None:
        """Add paragraphs, each after an empty line and wrapped anew, except where its lines are indented."""
        for paragraph in text.split("\n\n"):
            lines = paragraph.splitlines()
            whole = not any(line.startswith(" ") for line in lines)
            self.lines += [""] * bool(self.lines)
            for line in [" ".join(lines)] if whole else lines:
                self.lines += textwrap.wrap(line, self.width)

    def heading(self, title: str, note: str = "") -> None:
        """Add an empty line, then one with a title, which is bold, and a note."""
        self.lines += [""] * bool(self.lines)
        self.lines.append(self._styled(title, BOLD) + (self._styled(f"  {note}", DIM) if note else ""))

    def rows(self, rows: Iterable[Sequence[str]]) -> None:
        """Add rows of a name, its meaning, and possibly what is dimmed below the meaning."""
        rows = list(rows)
        left = max([NARROWEST, *(len(row[0]) + 4 for row in rows)])
        if left > self.width - 30:  # names so long that their meanings stand below them
            left = 6
        for name, *texts in rows:
            meaning = [
                self._styled(line, DIM if k else 0)
                for k, text in enumerate(texts)
                for line in textwrap.wrap(text, self.width - left)
            ] or [""]
            if len(name) + 4 > left:
                meaning.insert(0, "")
            for k, line in enumerate(meaning):
                start = self._styled(f"  {name:{left - 2}}", CYAN) if k == 0 else " " * left
                self.lines.append(f"{start}{line}".rstrip())

    def __str__(self) -> str:
        return "\n".join([*self.lines, ""])

    def _styled(self, text: str, style: int) -> str:
        return f"\033[{style}m{text}\033[0m" if style and self.colour and text else text
