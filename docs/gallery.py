"""`python docs/gallery.py [NAME …]`: make the pictures of gallery.md again, all or those named, by their commands."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

DOCS = Path(__file__).parent
ENTRY = re.compile(r"^    (python -m .+)\n\n!\[.*?\]\(gallery/(.+?)\)$", re.MULTILINE)
"""A command, and under it the picture that it made."""

PICTURES = ("sweep.png", "triptych.png", "facets.png", "grid.png")
"""The file of a run that is shown: the first that there is, and `chain.gif` for a GIF."""


def entries() -> dict[str, list[str]]:
    """The command of every picture."""
    return {name: shlex.split(line) for line, name in ENTRY.findall((DOCS / "gallery.md").read_text(encoding="utf-8"))}


def main(names: list[str]) -> int:
    """The exit code of the first command that failed, else 0."""
    chosen = {name: line for name, line in entries().items() if not names or name.partition(".")[0] in names}
    for name, command in chosen.items():
        print(shlex.join(command), flush=True)
        out = DOCS.parent / next(key.removeprefix("out=") for key in command if key.startswith("out="))
        shutil.rmtree(out, ignore_errors=True)
        code = subprocess.run([sys.executable, *command[1:]], cwd=DOCS.parent).returncode
        if code:
            return code
        files = ("chain.gif",) if name.endswith(".gif") else PICTURES
        (DOCS / "gallery").mkdir(exist_ok=True)
        shutil.copyfile(next(out / file for file in files if (out / file).exists()), DOCS / "gallery" / name)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
