"""Evaluate run folders: report.html is for reading, results.md has the tables alone."""

from __future__ import annotations

import json
import os
import re
import shlex
import tempfile
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
    "Runs belong to one system if their configs differ only in what they ask for (target, text or unit of the "
    "condition), in the seed, and in keys that do not affect a chain: the number of chains, and where and how often "
    "they are saved."
)


MARKS = {
    "report.html": re.compile(f"<title>{TITLE}</title>"),
    "results.md": re.compile(r"# Results\n\nMade by `(ppgn |python -m ppgn_eval)"),
}
"""Marks that identify files written by an earlier evaluation."""


def check_out(out: Path, folders: Sequence[Path]) -> None:
    """Check that a report can be written there, before anything is read or drawn.

    Raises:
        UserError: the folder cannot be written, has other files of those names, or is reached by a link in a run
            folder.
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
            raise UserError(f"out={out}: its {name} was not written by ppgn evaluate; allowed is another folder")


def check_writable(key: str, folder: Path) -> None:
    """Raise UserError if that folder cannot be created or written."""
    parent = Path(os.path.abspath(folder))
    while not os.path.lexists(parent):
        parent = parent.parent
    try:  # the rights alone do not tell: root has all of them in /proc, where nothing can be created
        os.rmdir(tempfile.mkdtemp(prefix=".ppgn", dir=parent))
    except OSError as error:
        raise UserError(f"{key}={folder}: {parent} is not a folder that can be written") from error


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
    """Measure the runs in `folders` and write the report to `out`.

    Args:
        data: ImageFolder of photographs to compare with; None for none.
        command: words of the command line, for the record.
        at_most: largest number of photographs of a class.
        burn_in: share of a chain's steps at its start that is left out when mixing is measured.

    Raises:
        UserError: a run or an image cannot be read, or `data` has no class of the judge.
    """
    results = study(systems([read(folder) for folder in folders]), judge, data, at_most, burn_in)
    line = shlex.join(command).encode(errors="backslashreplace").decode()  # a file's name need not be UTF-8
    made = f"Made by `{line}` on {date.today().isoformat()} with ppgn-core {version('ppgn-core')}."
    mixed = tables.mixing(results)
    measured = [
        Section("Quality", f"Judge: {judge.name}. {RULE}", [tables.quality(results)]),
        Section("Mixing", f"The last {1 - burn_in:.0%} of the steps of each chain.", [mixed] if mixed.rows else []),
    ]
    settings = {one.system.label: one.system.setting for one in results.systems}
    config = json.dumps({"command": line, "judge": judge.key, "systems": settings}, indent=2, ensure_ascii=False)
    sections = [Section("How it was made", made.replace("`", ""), []), *measured, *pictures(results)]
    write_report(out / "report.html", TITLE, sections, config)
    with atomic(out / "results.md") as temporary:
        temporary.write_text(f"# Results\n\n{made} Judge: {judge.name}.\n\n{markdown(measured)}", encoding="utf-8")
