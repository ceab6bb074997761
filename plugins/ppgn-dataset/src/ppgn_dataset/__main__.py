"""Work for `ppgn dataset` in a process of its own: `python -m ppgn_dataset`, which reads a task from stdin."""

from __future__ import annotations

import json
import os
import sys
from contextlib import closing
from pathlib import Path

from ppgn_core.console import command
from ppgn_core.interrupt import interruptible


def main() -> int:
    """Make shards until none is missing, or until the process that started this one is gone."""
    task = json.load(sys.stdin)
    with interruptible() as interrupted:
        from .files import Files
        from .recipe import Recipe
        from .work import work

        recipe, parent = Recipe(**task["recipe"]), task["parent"] if os.name == "posix" else None

        def stop() -> bool:
            return interrupted() or (parent is not None and os.getppid() != parent)

        with closing(Files(Path(task["out"]))) as files:
            files.begin(recipe)
            work(recipe, files, stop, lambda: None)
    return 0


if __name__ == "__main__":
    sys.exit(command("ppgn dataset", main))
