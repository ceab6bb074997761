"""Define a command: which runs lie in a folder."""

from __future__ import annotations

import json
from pathlib import Path

from ppgn_core import Register, UserError, hookimpl


def new_plugin(folder: str = ".", longest: int = 60) -> None:
    """List the runs in a folder and below it, each with its number of steps and its command.

    Args:
        folder: folder to search.
        longest: largest number of letters of a command to print.
    """
    place = Path(folder).expanduser()
    if not place.is_dir():
        raise UserError(f"folder={folder}: no such folder; allowed is a folder of runs")
    for path in sorted(place.rglob("run.json")):
        record = json.loads(path.read_text(encoding="utf-8"))
        print(f"{path.parent}\t{record['step']}\t{record['command'][:longest]}")


@hookimpl
def register_commands(register: Register) -> None:
    register("new_plugin", new_plugin)
