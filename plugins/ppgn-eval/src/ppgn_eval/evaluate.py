"""From run folders to a report: report.html to look at, results.md with the tables alone."""

from __future__ import annotations

import json
import os
import re
import shlex
from collections.abc import Sequence
from datetime import date
from importlib.metadata import version
from pathlib import Path

from ppgn_core.atomic import atomic
from ppgn_core.errors import UserError

from . import tables
from .judge import Judge
from .pictures import pictures
from .report import markdown, write_report
from .sections import Section
from .study import study
from .systems import read, systems

TITLE = "What was drawn, judged"

RULE = (
    "Runs are one system if their configs differ only in what is asked for (the condition's target, text or unit), in "
    "the seed, and in what changes no chain: how many there are, where and how often they are saved."
)


MARKS = {
    "report.html": re.compile(f"<title>{TITLE}</title>"),
    "results.md": re.compile(r"# Results\n\nMade by `(ppgn |python -m ppgn_eval)"),
}
"""By which a file that an earlier evaluation left is told from anybody else's."""


def check_out(out: Path, folders: Sequence[Path]) -> None:
    """Whether a report can be written there, before anything is read or drawn.

    Raises:
        UserError: it cannot be, something else of those names is there, or a link in a run folder leads there.
    """
    place = Path(os.path.abspath(out))
    for folder in map(os.path.abspath, folders):
        for inner in [place, *place.parents]:
            if inner.is_relative_to(folder) and inner != Path(folder) and inner.is_symlink():
                raise UserError(f"out={out}: {inner} is a symbolic link in a run folder; allowed is a real folder")
    check_writable("out", out)
    for name, mark in MARKS.items():
        path = out / name
        if os.path.lexists(path) and (not path.is_file() or not mark.search(_beginning(path))):
            raise UserError(f"out={out}: {name} is there, and no report of ppgn_eval; allowed is another folder")


def check_writable(key: str, folder: Path) -> None:
    """Raises UserError if that folder cannot be made or written."""
    there = Path(os.path.abspath(folder))
    while not os.path.lexists(there):
        there = there.parent
    if not there.is_dir() or not os.access(there, os.W_OK | os.X_OK):
        raise UserError(f"{key}={folder}: {there} is no folder that can be written")


def _beginning(path: Path) -> str:
    with path.open("rb") as file:
        return file.read(4096).decode(errors="replace")


def write(
    folders: Sequence[Path],
    judge: Judge,
    data: Path | None,
    out: Path,
    command: Sequence[str],
    at_most: int = 60,
    burn_in: float = 0.5,
) -> None:
    """Measure the runs in `folders` and write `out`.

    Args:
        data: photographs to compare with, an ImageFolder.
        command: the words of the command line, for the record.
        at_most: photographs of a class.
        burn_in: share of the steps that mixing is not measured on.

    Raises:
        UserError: a run or an image cannot be read, or `data` holds no class of the judge.
    """
    found = study(systems([read(folder) for folder in folders]), judge, data, at_most, burn_in)
    line = shlex.join(command).encode(errors="backslashreplace").decode()  # a name of a file need not be UTF-8
    made = f"Made by `{line}` on {date.today().isoformat()} with ppgn-core {version('ppgn-core')}."
    mixed = tables.mixing(found)
    measured = [
        Section("Quality", f"Judge: {judge.name}. {RULE}", [tables.quality(found)]),
        Section("Mixing", f"Of each chain the last {1 - burn_in:.0%} of its steps.", [mixed] if mixed.rows else []),
    ]
    settings = {one.system.label: one.system.setting for one in found.systems}
    config = json.dumps({"command": line, "judge": judge.key, "systems": settings}, indent=2, ensure_ascii=False)
    sections = [Section("How it was made", made.replace("`", ""), []), *measured, *pictures(found)]
    write_report(out / "report.html", TITLE, sections, config)
    with atomic(out / "results.md") as temporary:
        temporary.write_text(f"# Results\n\n{made} Judge: {judge.name}.\n\n{markdown(measured)}", encoding="utf-8")
