"""Draw sweep.png, which shows every run's grid or strip, labelled with the settings that differ."""

from __future__ import annotations

import json
import re
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from ..console import say
from ..run_folder import STRIP

if TYPE_CHECKING:
    from PIL.Image import Image

ESCAPED = re.compile(r"\\(.)")
"""What Hydra makes of a space or another special character in a sweep's value."""


def draw(sweep: Path | None) -> None:
    """Draw the sheet of a sweep's folder from the runs that have a picture, at its end, even if some failed; name it.

    Runs are found by the pictures in their folders, as a launcher may run them in other processes.

    Args:
        sweep: the folder; None if no sweep has begun.
    """
    paths = [path for folder in _folders(sweep) if (path := _picture(folder))] if sweep else []
    if sweep and paths:
        import numpy as np

        from .. import sheet
        from ..images import save_png

        columns = 1 if any(path.name == STRIP for path in paths) else None
        drawn = sheet.draw([_opened(path) for path in paths], columns)
        command = shlex.join(["python", "-m", "ppgn_core", *sys.argv[1:]])
        place = (sweep / "sweep.png").absolute()
        save_png(place, np.asarray(drawn), {"command": command})
        say(f"{len(paths)} run{'s' if len(paths) > 1 else ''}: {place}")


def _folders(sweep: Path) -> list[Path]:
    """Return the folders of a sweep's runs, in the order of their numbers, or all by name if none is a number."""
    folders = sorted(path for path in sweep.iterdir() if path.is_dir()) if sweep.is_dir() else []
    numbered = [path for path in folders if path.name.isdecimal()]
    return sorted(numbered, key=lambda path: int(path.name)) or folders


def _picture(folder: Path) -> Path | None:
    return next((path for path in (folder / STRIP, folder / "grid.png") if path.exists()), None)


def _opened(path: Path) -> tuple[dict[str, str], Image]:
    """Return a run's overrides but its folder, which its picture holds, and the picture."""
    from PIL import Image

    with Image.open(path) as picture:
        text = getattr(picture, "text", {})
        overrides = json.loads(text.get("overrides", "[]"))
        values = dict(str(override).partition("=")[::2] for override in overrides)
        shown = {key: ESCAPED.sub(r"\1", value) for key, value in values.items() if key != "out"}
        return shown, picture.convert("RGB")
