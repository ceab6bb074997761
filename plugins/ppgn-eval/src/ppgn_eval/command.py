"""`ppgn evaluate run=DIR data=DIR judge=NAME KEY=VALUE …`: judge what was drawn."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from ppgn_core.api import component
from ppgn_core.console import heed_interrupts, say
from ppgn_core.device import choose_device
from ppgn_core.errors import UserError

from .records import one_line

if TYPE_CHECKING:
    from .judge import Judge


def evaluate(
    run: Sequence[str],
    data: str | None = None,
    judge: Annotated[dict[str, Any] | str, Judge] = "efficientnet_lite0",
    out: str = "evaluated",
    photographs: Annotated[int, ">= 2", "<= 1000000"] = 60,
    burn_in: Annotated[float, ">= 0", "< 1"] = 0.5,
    device: str = "auto",
    cache: str | None = None,
    arguments: Sequence[str] = (),
) -> None:
    """Measure the runs in some folders, and below them, and leave report.html and results.md.

    What a judge has seen is kept, by the content of images, so a second time is quick; Ctrl-C keeps what is done, and
    the same command goes on from there.

    Args:
        run: run folder, or a folder of them; several set apart by commas, or `run=DIR` again.
        data: photographs to compare with: a folder for each class, named for it or for its synset id.
        judge: the network that judges; its keys are `judge.KEY`.
        out: folder for report.html and results.md.
        photographs: of each class at most, the first by name.
        burn_in: share of a chain's steps that its mixing is not measured on.
        device: that the judge works on: auto, cpu, cuda, mps.
        cache: folder for what a judge has seen; null: ppgn/verdicts where the system keeps caches.
    """
    from .systems import find

    runs = [path("run", folder) for folder in run]
    if not runs:
        raise UserError("run is required: the folder of a run, or of several")
    measure = prepared(runs, data, judge, out, photographs, burn_in, device, cache)
    measure(find(runs), ["ppgn", "evaluate", *arguments])


def prepared(
    runs: Sequence[Path],
    data: str | None,
    judge: dict[str, Any] | str,
    out: str,
    photographs: int,
    burn_in: float,
    device: str,
    cache: str | None,
) -> Callable[[Sequence[Path], Sequence[str]], None]:
    """Check what an evaluation is given and load its judge, before anything is measured or drawn.

    Args:
        runs: folders that the report must not be written through.
        data, judge, out, photographs, burn_in, device, cache: as of `evaluate`.

    Returns:
        What measures run folders; the second argument is the command line that the report tells.

    Raises:
        UserError: one of them is not allowed.
    """
    from .cache import CachedJudge, default_folder
    from .evaluate import check_out, check_writable, write
    from .photographs import check, folders

    place, photos, kept = path("out", out), data and path("data", data), cache and path("cache", cache)
    check_out(place, runs)
    check_writable("cache", kept or default_folder())
    if photos and not os.path.isdir(photos):
        raise UserError(f"data={data}: no such folder; allowed is an ImageFolder, a folder of photographs a class")
    heed_interrupts()  # from here on there is something to keep
    judging = CachedJudge(component("judge", judge, device=choose_device(device)), kept or default_folder())
    for folder in folders(photos, judging.labels).values() if photos and not runs else ():  # before hours of drawing
        check(folder, photographs)

    def measure(found: Sequence[Path], command: Sequence[str]) -> None:
        write(found, judging, photos or None, place, command, photographs, burn_in)
        say(str(place / "report.html").encode(errors="backslashreplace").decode())

    return measure


def path(key: str, text: str) -> Path:
    """The path that a key names, whether or not anything is there.

    Raises:
        UserError: it can be no path.
    """
    try:
        found = Path(text).expanduser()
        found.stat()
    except (FileNotFoundError, NotADirectoryError):
        return found
    except (OSError, RuntimeError, ValueError) as error:  # too long a name, nobody of that name, a null character
        raise UserError(f"{key}={one_line(text, 300)}: {getattr(error, 'strerror', None) or error}") from error
    return found
