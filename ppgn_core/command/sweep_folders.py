"""Remove the folders of failed runs, which Hydra creates before a sweep begins."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

from hydra.experimental.callback import Callback
from omegaconf import DictConfig

from ..console import explained
from ..errors import UserError
from ..run_folder import CODES, FILES, TEMPORARY

SWEEP_NOTE = "multirun.yaml"


class Refused(BaseException):
    """End a sweep: Hydra turns any `Exception` of a callback into a warning and continues."""


def through(method: Callable[..., None]) -> Callable[..., None]:
    """Let a callback's error pass through Hydra as `Refused` if it is to be reported in one line."""

    @wraps(method)
    def call(*arguments: Any, **keys: Any) -> None:
        try:
            method(*arguments, **keys)
        except Exception as error:
            if (user_error := explained(error)) is not None:
                raise Refused(str(user_error)) from error
            raise

    return call


class _Before:
    """Record what existed before: the topmost folder that the run may create or fill, its content, and the sweep's."""

    root: Path | None = None
    sweep: Path | None = None
    paths: frozenset[Path] = frozenset()


class Remember(Callback):
    """Hydra calls this before it creates any folder."""

    @through
    def on_run_start(self, config: DictConfig, **kwargs: Any) -> None:
        if config.hydra.run.dir != ".":  # set by the user; nothing is ever written there
            _remember(Path(config.hydra.run.dir))

    @through
    def on_multirun_start(self, config: DictConfig, **kwargs: Any) -> None:
        folder = Path(config.hydra.sweep.dir)
        earlier = _earlier(folder)
        if earlier and not config.get("overwrite"):
            names = ", ".join(path.name for path in earlier[:5])
            raise UserError(f"out={folder}: it already holds a sweep ({names}); overwrite=true replaces it")
        for path in earlier:
            shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
        _remember(folder)
        _Before.sweep = folder


def _earlier(folder: Path) -> list[Path]:
    """List what an earlier sweep left in a folder: its runs, its sheet or half of one, and Hydra's note."""
    if not folder.is_dir():
        return []
    runs = [path for path in folder.iterdir() if path.name.isdigit() and any((path / file).exists() for file in FILES)]
    halves = [path for path in folder.glob(".sweep.png.*") if TEMPORARY.fullmatch(path.name)]
    return sorted(runs) + [folder / name for name in ("sweep.png", SWEEP_NOTE) if (folder / name).exists()] + halves


def _remember(folder: Path) -> None:
    root = folder.absolute()
    while not root.parent.exists():
        root = root.parent
    _Before.root = root
    _Before.paths = frozenset([root, *root.iterdir()] if root.is_dir() else [])


def goes_on(config: DictConfig, folder: Path) -> None:
    """Let a job that Slurm starts again, as after a preemption, continue what it has saved in its folder."""
    if int(os.environ.get("SLURM_RESTART_COUNT", 0)):
        saved = (folder / CODES).exists()
        config.resume, config.overwrite = (str(folder), False) if saved else (None, True)


def begun() -> Path | None:
    """Return the folder of the sweep that has begun; None if none has."""
    return _Before.sweep


def remove_empty() -> None:
    """Remove folders created since then that contain nothing but Hydra's note of a sweep."""
    if _Before.root is not None and _Before.root.is_dir():
        _remove_empty(_Before.root)
    _Before.root = _Before.sweep = None


def _remove_empty(folder: Path) -> None:
    for path in folder.iterdir():
        if path.is_dir() and path not in _Before.paths:
            _remove_empty(path)
    left = [path for path in folder.iterdir() if path not in _Before.paths]
    if all(path.name == SWEEP_NOTE for path in left):
        for path in left:
            path.unlink()
        if folder not in _Before.paths:
            folder.rmdir()
