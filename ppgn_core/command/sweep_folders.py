"""Hydra makes the folders of a sweep before its runs; a run that fails must not leave its own behind."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

from hydra.experimental.callback import Callback
from omegaconf import DictConfig

from ..console import explained
from ..errors import UserError
from ..run_folder import FILES

SWEEP_NOTE = "multirun.yaml"


class Refused(BaseException):
    """What ends a sweep: of any `Exception` that a callback raises Hydra makes a warning, and goes on."""


def through(method: Callable[..., None]) -> Callable[..., None]:
    """Let what a callback has to tell in a line through Hydra, as `Refused`."""

    @wraps(method)
    def call(*arguments: Any, **keys: Any) -> None:
        try:
            method(*arguments, **keys)
        except Exception as error:
            if (told := explained(error)) is not None:
                raise Refused(str(told)) from error
            raise

    return call


class _Before:
    """What was there: the topmost folder that the run may make or fill, and what it held."""

    root: Path | None = None
    paths: frozenset[Path] = frozenset()


class Remember(Callback):
    """Called by Hydra before it makes any folder."""

    @through
    def on_run_start(self, config: DictConfig, **kwargs: Any) -> None:
        if config.hydra.run.dir != ".":  # given by hand: nothing is ever written there
            _remember(Path(config.hydra.run.dir))

    @through
    def on_multirun_start(self, config: DictConfig, **kwargs: Any) -> None:
        folder = Path(config.hydra.sweep.dir)
        earlier = _earlier(folder)
        if earlier and not config.get("overwrite"):
            told = ", ".join(path.name for path in earlier[:5])
            raise UserError(f"out={folder}: there is a sweep in it ({told}); overwrite=true replaces it")
        for path in earlier:
            shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
        _remember(folder)


def _earlier(folder: Path) -> list[Path]:
    """What a sweep has left in a folder: its runs, its sheet and Hydra's note."""
    if not folder.is_dir():
        return []
    runs = [path for path in folder.iterdir() if path.name.isdigit() and any((path / file).exists() for file in FILES)]
    return sorted(runs) + [folder / name for name in ("sweep.png", SWEEP_NOTE) if (folder / name).exists()]


def _remember(folder: Path) -> None:
    root = folder.absolute()
    while not root.parent.exists():
        root = root.parent
    _Before.root = root
    _Before.paths = frozenset([root, *root.iterdir()] if root.is_dir() else [])


def remove_empty() -> None:
    """Take away the folders made since that hold nothing but Hydra's note of a sweep."""
    if _Before.root is not None and _Before.root.is_dir():
        _remove_empty(_Before.root)
    _Before.root = None


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
