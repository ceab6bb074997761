"""Runs of `ppgn_core` that commands make and look at: each made once, its samples read back."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from ppgn_core.__main__ import main as sample
from ppgn_core.config.resume import key as key_of
from ppgn_core.errors import UserError
from ppgn_core.run_folder import SAMPLES, saved_samples

from .records import is_whole, one_line
from .records import parsed as parsed_json
from .records import text as text_of

PNG = ("PNG",)
"""What samples are kept as. Pillow tells formats by content, and opens some by starting other programs."""

PHOTOGRAPHS = ("PNG", "JPEG", "WEBP", "BMP", "GIF", "TIFF")

SIDES = (4, 4096)
"""Of a sample, in pixels."""


def parsed(arguments: Sequence[str]) -> dict[str, str]:
    """KEY=VALUE arguments as a dict.

    Raises:
        UserError: one is none.
    """
    for argument in arguments:
        if "=" not in argument:
            raise UserError(f"{one_line(argument)}: arguments are KEY=VALUE")
    return dict(argument.partition("=")[::2] for argument in arguments)


def steps(given: Mapping[str, str], default: int) -> int:
    """How many `n_steps` a command asks for.

    Raises:
        UserError: it is no whole number from 1.
    """
    return whole("n_steps", given.get("n_steps", str(default)))


def whole(key: str, text: str) -> int:
    """The number that `key` is given.

    Raises:
        UserError: it is no whole number from 1.
    """
    if not text.isascii() or not text.isdigit() or not 0 < int(text) < 10**9:
        raise UserError(f"{key}={text}: must be a whole number from 1")
    return int(text)


def record(folder: Path) -> dict[str, Any]:
    """What a run's run.json says; empty where there is none that can be read."""
    try:
        found = parsed_json(text_of(folder / "run.json"), "run.json")
    except UserError:
        return {}
    return found if isinstance(found, dict) else {}


def make(folder: Path, n_steps: int, keys: Mapping[str, object]) -> int:
    """Run `keys` into `folder` unless a run of that many steps is there; the exit code, 130 after Ctrl-C.

    One that was interrupted goes on from where it stopped, if it kept its codes. All that the run is told is `keys`:
    what an earlier one says of itself is data, and where it says more than these keys would, it is not gone on from.

    Raises:
        UserError: the folder, or anything in it, is a symbolic link; or the run to go on from was told other things.
    """
    refuse_links(folder)
    before = record(folder)
    if before.get("step") == n_steps or _stopped(before):
        return 0
    arguments = {"out": folder, "n_steps": n_steps, **keys}
    done = before.get("step", 0)
    if is_whole(done, 1) and done < n_steps and (folder / "codes.safetensors").is_file():
        overrides = before.get("overrides", [])
        strange = [o for o in overrides if not isinstance(o, str) or key_of(o) not in {"resume", *arguments}]
        if not isinstance(overrides, list) or strange:
            told = one_line(strange[0]) if strange else one_line(overrides)
            raise UserError(f"out={folder}: the run there was told {told}, which this command does not; remove it")
        arguments = {"resume": folder, **arguments}
    argv = sys.argv
    try:
        code = sample([f"{key}={value}" for key, value in arguments.items()])
    finally:
        sys.argv = argv  # Hydra reads it, so the run has put its own there
    after = record(folder)
    interrupted = code == 0 and int(after.get("step", n_steps)) < n_steps and not _stopped(after)
    return 130 if interrupted else code


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


def samples(folder: Path, step: int) -> list[Path]:
    """The samples of all chains at that step."""
    return [path for _, at, path in saved_samples(folder / SAMPLES) if at == step]


def images(paths: Sequence[Path], formats: tuple[str, ...] = PNG) -> Tensor:
    """RGB `(N, 3, H, W)` in [0, 1].

    Raises:
        UserError: there are none, one is no picture that can be read, or they are not of one size.
    """
    if not paths:
        raise UserError("no images")
    found = [np.asarray(opened(path, formats)) for path in paths]
    for path, pixels in zip(paths, found, strict=True):
        _alike(path, pixels.shape[:2], paths[0], found[0].shape[:2])
    return torch.from_numpy(np.stack(found)).permute(0, 3, 1, 2) / 255


def check(paths: Sequence[Path]) -> tuple[int, int] | None:
    """Open every sample of a run, so that a damaged one is told before any is judged; their height and width.

    Raises:
        UserError: one is no PNG that can be read, or they are not of one size.
    """
    first: tuple[int, int] | None = None
    for path in paths:
        width, height = opened(path, PNG).size
        first = first or (height, width)
        _alike(path, (height, width), paths[0], first)
        if not SIDES[0] <= min(height, width) <= max(height, width) <= SIDES[1]:
            raise UserError(f"{path}: is {height} × {width} pixels; allowed are sides from {SIDES[0]} to {SIDES[1]}")
    return first


def _alike(path: Path, shape: tuple[int, ...], other: Path, wanted: tuple[int, ...]) -> None:
    if shape != wanted:
        told = [" × ".join(map(str, side)) for side in (shape, wanted)]
        raise UserError(f"{path}: is {told[0]} pixels, but {other.name} is {told[1]}; allowed is one size")


def opened(path: Path, formats: tuple[str, ...]) -> Image.Image:
    """A picture in RGB, all of it decoded.

    Raises:
        UserError: it is none of those formats, or damaged.
    """
    if not path.is_file():  # a named pipe would be waited for
        raise UserError(f"{path}: not a picture that can be read; allowed is an ordinary file")
    try:
        with Image.open(path, formats=formats) as image:
            return image.convert("RGB")
    except Exception as error:  # Pillow raises what it comes upon: SyntaxError, zlib.error, its own bomb error, …
        raise UserError(f"{path}: not a picture that can be read; allowed are {', '.join(formats)}") from error


def grid(folder: Path) -> Image.Image:
    """The picture of the last samples."""
    return opened(folder / "grid.png", PNG)
