"""Make the runs of a study, each only once, and continue interrupted ones."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from PIL import Image
from ppgn_eval.records import is_whole, one_line
from ppgn_eval.runs import PHOTOGRAPHS, images, record, samples
from torch import Tensor

from ppgn_core import UserError, sample
from ppgn_core.atomic import atomic
from ppgn_core.console import say
from ppgn_core.model import Label
from ppgn_core.user_input import key_of


def ends(n_steps: int, *writers: str) -> dict[str, Any]:
    """Return the keys of a run that saves the starts and the ends of its chains, by further `writers` too."""
    return {"save_every": n_steps, "writer": [*writers, "samples", "codes", "record"]}


def drawn(folder: Path, n_steps: int, keys: Mapping[str, Any], overrides: Sequence[str] = ()) -> Tensor:
    """Make a run as `make` does, and return the last samples of its chains, `(B, 3, H, W)` in [0, 1].

    Raises:
        UserError: `make` raises it, or no chain reached its last step.
    """
    make(folder, n_steps, keys, overrides)
    return last_samples(folder, n_steps)


def last_samples(folder: Path, n_steps: int) -> Tensor:
    """Return the samples `(B, 3, H, W)` of a run at its last step.

    Raises:
        UserError: no chain reached that step.
    """
    paths = samples(folder, n_steps)
    if not paths:
        raise UserError(f"{folder}: no chain reached step {n_steps}; smaller epsilons may help, in another folder")
    return images(paths)


def make(folder: Path, n_steps: int, keys: Mapping[str, Any], overrides: Sequence[str] = ()) -> None:
    """Run `keys` into `folder` unless a run of that many steps, or one whose chains all stopped, is there.

    An interrupted run is continued if its codes were saved. The run is determined by `keys` and `overrides` alone: the
    record of an earlier run is untrusted data, and if it has other overrides than these, it is not continued.

    Args:
        keys: keys of the config, as `ppgn_core.sample` takes them.
        overrides: KEY=VALUE that override them.

    Raises:
        UserError: the folder, or anything in it, is a symbolic link; an interrupted run there has other overrides; or a
            key or value is not allowed.
        KeyboardInterrupt: the run was interrupted; results so far are kept.
    """
    refuse_links(folder)
    before = record(folder)
    if before.get("step") == n_steps or _stopped(before):
        return
    changed = {key_of(override) for override in overrides}
    keys = {key: value for key, value in keys.items() if key not in changed}
    keys |= {"out": folder, "n_steps": n_steps}
    done = before.get("step", -1)
    if is_whole(done, 0) and done < n_steps and (folder / "codes.safetensors").is_file():
        _check_overrides(folder, before.get("overrides", []), {"resume", *keys, *changed})
        keys |= {"resume": folder}
    try:
        sample(*overrides, **keys, progress=True)
    except UserError:
        if not _stopped(record(folder)):
            raise


def _check_overrides(folder: Path, overrides: Any, allowed: set[str]) -> None:
    """Raise UserError if the overrides in a record have other keys than these."""
    strange = [o for o in overrides if not isinstance(o, str) or key_of(o) not in allowed]
    if not isinstance(overrides, list) or strange:
        example = one_line(strange[0]) if strange else one_line(overrides)
        problem = f"its run has the override {example}, which this command does not set"
        raise UserError(f"out={folder}: {problem}; remove that run")


def photographs(data: Path, label: Label) -> Tensor:
    """Return the photographs `(B, 3, H, W)` of a class, in [0, 1].

    Raises:
        UserError: the folder has none for that class, or holds something else than pictures.
    """
    folder = data / label.synset
    if not folder.is_dir():
        raise UserError(f"data={data}: has no folder {folder.name}; allowed is one for each class")
    return images(sorted(folder.iterdir()), PHOTOGRAPHS)


def publish(picture: Image.Image, path: Path) -> None:
    """Save the picture that a study results in, and print its path."""
    with atomic(path) as temporary:
        picture.save(temporary)
    say(str(path))


def refuse_links(folder: Path) -> None:
    """Raise UserError if the folder, or anything below it, is a symbolic link: files would be written elsewhere."""
    for path in [folder, *(Path(at, name) for at, folders, files in os.walk(folder) for name in folders + files)]:
        if path.is_symlink():
            raise UserError(f"{path}: is a symbolic link; allowed are folders and files of their own")


def _stopped(record: Mapping[str, Any]) -> bool:
    """Return whether all chains stopped at values that are not finite: such a run cannot be continued."""
    stopped, config = record.get("stopped"), record.get("config")
    if not isinstance(stopped, list) or not isinstance(config, dict):
        return False
    return len(stopped) > 0 and len(stopped) == config.get("n_chains")
