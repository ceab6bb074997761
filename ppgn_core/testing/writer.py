"""Check that a writer writes its own files and changes nothing else."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path

import torch

from ..protocols import Snapshot, Writer
from ..run_folder import FILES, RunFolder
from .calls import equal, tensors


def check_writer(make: Callable[[RunFolder], Writer], snapshots: Iterable[Snapshot]) -> set[str]:
    """Check that a writer leaves snapshots as they are, writes only below its folder, and may be closed at once.

    Args:
        make: function from the run's folder to the writer.
        snapshots: what to write, as `assembled(…)` yields it.

    Returns:
        The paths of its files, relative to the folder.
    """
    with tempfile.TemporaryDirectory() as place:
        unused = RunFolder(Path(place, "unused"))
        with unused.opened():
            writer = make(unused)
            try:
                writer.close()
            except Exception as error:
                change = "allow a run that ends before its first snapshot"
                told = f"{type(error).__name__}: {error}"
                raise AssertionError(f"close: fails if nothing was written; {change} ({told})") from error
        run = RunFolder(Path(place, "run"))
        random = torch.get_rng_state()
        with run.opened():
            writer = make(run)
            for snapshot in snapshots:
                before = {name: value.clone() for name, value in tensors(snapshot.state).items()}
                writer.write(snapshot)
                for name, value in tensors(snapshot.state).items():
                    assert equal(value, before[name]), (
                        f"write: changes state.{name} in place; work on a copy (x.clone())"
                    )
            writer.close()
        assert torch.equal(random, torch.get_rng_state()), (
            "write: draws from the global random generator; a writer needs no randomness"
        )
        beside = sorted(path.name for path in Path(place).iterdir() if path.name not in ("run", "unused"))
        assert not beside, f"write: writes outside the run's folder ({', '.join(beside)}); build paths from `out`"
        files = {str(path.relative_to(run.path)) for path in run.path.rglob("*") if path.is_file()}
        parts = sorted(name for name in files if Path(name).name.startswith("."))
        assert not parts, f"close: leaves temporary files ({', '.join(parts)}); write by ppgn_core.atomic.atomic"
        made = {Path(name).parts[0] for name in files} - {*FILES, *getattr(writer, "files", ())}
        assert not made, f"files: does not name {', '.join(sorted(made))}, which overwrite=true would leave behind"
        assert files, "close: there is no file after a whole run; write at the latest in close()"
        return files
