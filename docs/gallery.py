"""`python docs/gallery.py [NAME …] [photographs=DIR]`: make pictures of pages by their commands.

All of them, or those named. `photographs=DIR` is where the folder `photographs` of a command is.
"""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

from PIL import Image
from PIL.PngImagePlugin import PngInfo

DOCS = Path(__file__).parent
PAGES = ("gallery", "figures", "troubleshooting")
ENTRY = re.compile(rf"^    ((?:python -m|ppgn) .+)\n\n!\[.*?\]\(((?:{'|'.join(PAGES)})/.+?)\)$", re.MULTILINE)
"""A command, and under it the picture that it made."""

PICTURES = ("sweep.png", "triptych.png", "facets.png", "groups.png", "sixty.png", "strip.png", "grid.png")
"""The file of a run that is shown: the first that there is, and `chain.gif` for a GIF."""

QUALITY, WIDEST = 65, 1000
"""Of a JPEG, in pixels. It says as its comment which command made it, as a run's PNG does in its text."""


def entries() -> dict[str, list[str]]:
    """Return the command of every picture, by its path below `docs`."""
    pages = ((DOCS / f"{page}.md").read_text(encoding="utf-8") for page in PAGES)
    return {name: shlex.split(line) for page in pages for line, name in ENTRY.findall(page)}


def main(arguments: list[str]) -> int:
    """Return the exit code of the first command that failed, else 0."""
    options = dict(argument.split("=", 1) for argument in arguments if "=" in argument)
    names = [argument for argument in arguments if "=" not in argument]
    chosen = {name: line for name, line in entries().items() if not names or Path(name).stem in names}
    for name, command in chosen.items():
        print(shlex.join(command), flush=True)
        out = DOCS.parent / next(key.removeprefix("out=") for key in command if key.startswith("out="))
        shutil.rmtree(out, ignore_errors=True)
        moved = [key.replace("=photographs", f"={options.get('photographs', 'photographs')}") for key in command[1:]]
        program = Path(sys.executable).with_name(command[0])
        code = subprocess.run([program, *moved], cwd=DOCS.parent).returncode
        if code:
            return code
        files = ("chain.gif",) if name.endswith(".gif") else PICTURES
        keep(next(out / file for file in files if (out / file).exists()), DOCS / name, command)
    return 0


def keep(picture: Path, target: Path, command: list[str]) -> None:
    """Put the picture that a command made where its page shows it."""
    target.parent.mkdir(exist_ok=True)
    if target.suffix == ".jpg":
        image = Image.open(picture).convert("RGB")
        image.thumbnail((WIDEST, 2 * WIDEST))
        image.save(target, quality=QUALITY, comment=shlex.join(command))
    elif picture.suffix == ".png":  # its record must not say where this repository lies
        with Image.open(picture) as image:
            text = PngInfo()
            for key, value in image.info.items():
                if isinstance(key, str) and isinstance(value, str):
                    text.add_text(key, value.replace(f"{DOCS.parent}/", ""))
            image.save(target, pnginfo=text)
    else:
        shutil.copyfile(picture, target)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
