"""The runs that a study is made of: each made once, and gone on from where it was interrupted."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ppgn_eval.records import is_whole, one_line
from ppgn_eval.runs import images, record, samples
from torch import Tensor

from ppgn_core import UserError, sample


def drawn(folder: Path, n_steps: int, keys: Mapping[str, Any], overrides: Sequence[str] = ()) -> Tensor:
    """Make a run as `make` does and return the last samples of its chains, `(B, 3, H, W)` in [0, 1].

    Raises:
        UserError: as of `make`; or no chain came to its last step.
    """
    make(folder, n_steps, keys, overrides)
    return last_samples(folder, n_steps)


def last_samples(folder: Path, n_steps: int) -> Tensor:
    """The samples `(B, 3, H, W)` of a run at its last step.

    Raises:
        UserError: no chain came so far.
    """
    paths = samples(folder, n_steps)
    if not paths:
        raise UserError(f"{folder}: no chain reached step {n_steps}; smaller epsilons may help, in another folder")
    return images(paths)


def make(folder: Path, n_steps: int, keys: Mapping[str, Any], overrides: Sequence[str] = ()) -> None:
    """Run `keys` into `folder` unless a run of that many steps, or one whose chains all stopped, is there.

    One that was interrupted goes on from where it stopped, if it kept its codes. All that the run is told is `keys`
    and `overrides`: what an earlier one says of itself is data, and where it says more than these would, it is not
    gone on from.

    Args:
        keys: of the config, as `ppgn_core.sample` takes them.
        overrides: KEY=VALUE that change them.

    Raises:
        UserError: the folder, or anything in it, is a symbolic link; the run to go on from was told other things; or
            what it is told is not allowed.
        KeyboardInterrupt: what was drawn is kept.
    """
    refuse_links(folder)
    before = record(folder)
    if before.get("step") == n_steps or _stopped(before):
        return
    changed = {_key(override) for override in overrides}
    keys = {key: value for key, value in keys.items() if key not in changed}
    keys |= {"out": folder, "n_steps": n_steps}
    done = before.get("step", -1)
    if is_whole(done, 0) and done < n_steps and (folder / "codes.safetensors").is_file():
        _check_told(folder, before.get("overrides", []), {"resume", *keys, *changed})
        keys |= {"resume": folder}
    try:
        sample(*overrides, **keys, progress=True)
    except UserError:
        if not _stopped(record(folder)):
            raise


def _check_told(folder: Path, overrides: Any, allowed: set[str]) -> None:
    """Raises UserError if the overrides that a record tells name other keys than these."""
    strange = [o for o in overrides if not isinstance(o, str) or _key(o) not in allowed]
    if not isinstance(overrides, list) or strange:
        told = one_line(strange[0]) if strange else one_line(overrides)
        raise UserError(f"out={folder}: the run there was told {told}, which this command does not; remove it")


def _key(override: str) -> str:
    """`condition.text` of `++condition.text=oranges`; of a deletion, `~KEY`, all as it is."""
    return override.partition("=")[0].lstrip("+")


def refuse_links(folder: Path) -> None:
    """Raises UserError if the folder, or anything below it, is a symbolic link: what is written would go elsewhere."""
    for path in [folder, *(Path(at, name) for at, folders, files in os.walk(folder) for name in folders + files)]:
        if path.is_symlink():
            raise UserError(f"{path}: is a symbolic link; allowed are folders and files of their own")


def _stopped(found: Mapping[str, Any]) -> bool:
    """Whether all chains came to values that are not finite: such a run is as whole as it gets."""
    stopped, config = found.get("stopped"), found.get("config")
    if not isinstance(stopped, list) or not isinstance(config, dict):
        return False
    return len(stopped) > 0 and len(stopped) == config.get("n_chains")
