"""Run chains and let writers save their results in a folder."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from .. import blame
from ..chain import stopped
from ..console import say
from ..data_space import undrawn
from ..errors import UserError
from ..interrupt import interruptible
from ..options import plugins
from ..protocols import Snapshot, Writer
from ..run_folder import RunFolder
from ..user_input import home
from ..writers.record import NAME
from .assemble import Chains
from .diagnosis import Diagnosis, without_effect
from .progress import Progress


def run(chains: Chains, out: Path, watch: Callable[[Snapshot], object] = lambda snapshot: None) -> bool:
    """Run chains to their end, write their files into the folder `out`, and report progress on the terminal.

    Return whether the run was interrupted before its last step.

    Args:
        watch: function called with every saved snapshot.

    Raises:
        UserError: the folder cannot be used (checked before anything is written), or every chain stopped.
    """
    with interruptible() as interrupted, Progress(chains.start, chains.config.n_steps) as progress:
        for part in (chains.energy.condition, chains.energy.prior):  # such as the class that `target: init` stands for
            for line in getattr(part, "remarks", ()):
                say(line)
        diagnosis = Diagnosis(chains.config, chains.energy)
        snapshots = chains.saved_steps(interrupted, progress.update)
        last = write(chains, _seen(snapshots, diagnosis.watch, watch), out)
        ended_early = interrupted()
    if chains.filter and chains.filter.kept:
        say(str(chains.filter))
    elif chains.filter:
        print(f"ppgn: {chains.filter}", file=sys.stderr)
    for k, step in enumerate(last.last_step.tolist()):
        if step < last.state.step:
            print(f"ppgn: {stopped(last, k)}", file=sys.stderr)
    for line in (*without_effect(chains), *diagnosis.lines()):
        print(f"ppgn: {line}", file=sys.stderr)
    if remark := undrawn(last.state.x, chains.energy.generator):
        say(remark)
    say(f"{last.state.step} steps: {picture_of(out, chains.config)}")
    check_alive(last)
    return ended_early


def _seen(snapshots: Iterable[Snapshot], *watchers: Callable[[Snapshot], object]) -> Iterator[Snapshot]:
    for snapshot in snapshots:
        for watcher in watchers:
            watcher(snapshot)
        yield snapshot


def picture_of(out: Path, config: Mapping[str, Any]) -> Path:
    """Return the picture to look at in a run's folder; the folder if there is none.

    It is the `picture` that a writer's class names, else grid.png, else the newest one.
    """
    writers = _classes(one["name"] for one in (config.get("writer") or {}).values())
    named = [name for writer in writers if isinstance(name := getattr(writer, "picture", None), str)]
    if first := next((path for name in [*named, "grid.png"] if (path := out / name).exists()), None):
        return first
    pictures = [path for suffix in ("png", "gif", "mp4") for path in out.glob(f"*.{suffix}")]
    return max(pictures, key=lambda path: (path.suffix == ".png", path.stat().st_mtime_ns), default=out)


def write(chains: Chains, snapshots: Iterable[Snapshot], out: Path, overwrite: bool | None = None) -> Snapshot:
    """Let the config's writers write snapshots into the folder `out`, and return the last snapshot.

    Args:
        overwrite: whether a run in that folder may be replaced; None to use the config's value.

    Raises:
        UserError: the folder cannot be created or written, or holds a run.
    """
    saved = chains.saved
    source = home(chains.config.resume, "resume") if chains.config.resume else None
    replaces = bool(chains.config.get("overwrite")) if overwrite is None else overwrite
    folder = RunFolder(out, source, replaces, files_of_writers(out) if replaces else ())
    writers = chains.writers(folder, chains.context)
    with folder.opened(saved.files, saved.step) if saved else folder.opened(), _closed(writers):
        for snapshot in snapshots:
            for writer in writers:
                blame.call(writer, "write", writer.write, snapshot)
    return snapshot


def files_of_writers(out: Path) -> list[str]:
    """Return the names of the files that the writers of the run in `out` make, as their classes say (`files`).

    Writers are looked up by the names in its record, among those installed; anything else in it is left alone.
    """
    try:
        writers = json.loads((out / NAME).read_text(encoding="utf-8"))["config"]["writer"].values()
        names = [str(one["name"]) for one in writers]
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return []
    return [file for writer in _classes(names) for file in getattr(writer, "files", ())]


def _classes(names: Iterable[str]) -> Iterator[Any]:
    for name in names:
        with suppress(UserError):  # it is not installed any more
            yield plugins.registry().find("writer", name).load()


@contextmanager
def _closed(writers: Sequence[Writer]) -> Iterator[None]:
    """Close every writer at the end, whatever happens.

    Of several errors the first is raised, as the others follow from it.
    """
    first: BaseException | None = None
    try:
        yield
    except BaseException as error:
        first = error
    for writer in writers:
        try:
            blame.call(writer, "close", writer.close)
        except Exception as error:
            first = first or error
    if first is not None:
        raise first


def check_alive(snapshot: Snapshot) -> None:
    """Raise UserError if every chain has stopped."""
    if snapshot.alive.any():
        return
    if (snapshot.last_step < 0).all():
        raise UserError(f"no chain could start: {stopped(snapshot, 0)}")
    raise UserError("every chain stopped at a value that is not finite; smaller epsilons or step sizes may help")
