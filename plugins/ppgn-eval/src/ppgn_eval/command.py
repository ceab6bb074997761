"""Implement `ppgn evaluate run=DIR data=DIR judge=NAME KEY=VALUE …`, which judges samples."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from ppgn_core.console import heed_interrupts, say
from ppgn_core.errors import UserError
from ppgn_core.user_input import home

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
    """Evaluate the runs in the given folders and their subfolders, and write report.html and results.md.

    Verdicts are cached by the content of images, so a second evaluation is quick; after Ctrl-C the same command
    continues.

    Args:
        run: a run folder, or a folder of them; separate several by commas, or repeat `run=DIR`.
        data: folder of photographs to compare with, with a subfolder for each class, named after it or its synset id.
        judge: network that judges the samples; its keys are `judge.KEY`.
        out: folder for report.html and results.md.
        photographs: largest number of photographs of a class, the first by name.
        burn_in: share of a chain's steps at its start that is left out when mixing is measured.
        device: device that the judge runs on: auto, cpu, cuda, mps.
        cache: folder for cached verdicts; null for ppgn/verdicts in the system's folder of caches.
    """
    from .systems import find

    runs = [home(folder, "run") for folder in run]
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
    """Check the settings of an evaluation and load its judge, before anything is measured or drawn.

    Args:
        runs: folders of runs, through whose links the report must not be written.
        data, judge, out, photographs, burn_in, device, cache: the same as for `evaluate`.

    Returns:
        A function that measures run folders; its second argument is the command line that the report shows.

    Raises:
        UserError: a setting is not allowed.
    """
    from .cache import CachedJudge, default_folder
    from .evaluate import check_out, check_writable, write
    from .judge import built
    from .photographs import check, folders

    place, photos, kept = home(out, "out"), data and home(data, "data"), cache and home(cache, "cache")
    check_out(place, runs)
    check_writable("cache", kept or default_folder())
    if photos and not os.path.isdir(photos):
        raise UserError(f"data={data}: no such folder; allowed is one with a folder of photographs for each class")
    heed_interrupts()  # from here on there are results to save
    judging = CachedJudge(built(judge, device), kept or default_folder())
    for folder in folders(photos, judging.labels).values() if photos and not runs else ():  # before hours of drawing
        check(folder, photographs)

    def measure(found: Sequence[Path], command: Sequence[str]) -> None:
        write(found, judging, photos or None, place, command, photographs, burn_in)
        say(str(place / "report.html").encode(errors="backslashreplace").decode())

    return measure
