"""A run's folder is created on the first write, locked to one process, and complete at every saved step.

Files that grow, such as trace.jsonl, are appended to. `commit` then writes codes.safetensors, which records the length
of each of them: anything beyond was written by a run that died before it could commit, and is cut off on resuming.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import stat
import zlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import IO, Any

from .atomic import atomic, durable, write_bytes
from .console import writing
from .errors import UserError
from .lock import locked

CODES = "codes.safetensors"
SAMPLES = "samples"
STRIP = "strip.png"
PLOT = "plot.png"
PICTURES, NUMBERS = ".png", ".npy"
"""Suffixes of samples that are pictures, and of others."""
GROWING = ("trace.jsonl", "chain.frames", "strip.frames")
"""Files that are appended to."""
FILES = ("run.json", CODES, *GROWING, "chain.gif", "chain.mp4", "grid.png", STRIP, PLOT, SAMPLES, ".hydra")
"""Files that the core's writers make: a folder with one of these holds a run."""

BLOCK = 1 << 20
TEMPORARY = re.compile(r"\..+\.\d+(\.\w+)?")


def dated(root: Path) -> Path:
    """Name a folder below `root` by date and time, to the microsecond, as two runs may begin in the same second."""
    return root / f"{datetime.now():%Y-%m-%d/%H-%M-%S-%f}"


class RunFolder:
    """Create, lock and write the folder of one run.

    Args:
        path: path of the folder, which need not exist yet.
        resume: folder of the run that this one continues, perhaps the same; None for a new run.
        overwrite: whether an earlier run's files may be deleted.
        others: files, besides those of the core's writers, that the earlier run's writers made.
    """

    def __init__(
        self, path: Path, resume: Path | None = None, overwrite: bool = False, others: Iterable[str] = ()
    ) -> None:
        self.path, self.resume, self.overwrite, self.others = path, resume, overwrite, tuple(others)
        self._open: dict[str, IO[bytes]] = {}
        self._lengths: dict[str, tuple[int, int]] = {}  # bytes and their CRC-32
        self._steps: dict[str, int] = {}
        self._made: list[Path] = []

    @contextmanager
    def opened(self, manifest: Mapping[str, Any] | None = None, step: int = -1) -> Iterator[RunFolder]:
        """Create the folder, lock it against other processes, and remove what does not belong to this run.

        Args:
            manifest: lengths and checksums of the growing files of the run that is resumed, as `commit` recorded them.
            step: step at which the manifest was recorded.

        Raises:
            UserError: the folder cannot be created or written, another process is writing there, or it holds a run.
        """
        with writing(self.path), ExitStack() as stack:
            stack.callback(self._remove_empty)
            self._make()
            stack.enter_context(locked(self.path))
            self._clear(manifest or {})
            self._steps = dict.fromkeys(manifest or {}, step)
            stack.callback(self._close)
            yield self

    def append(self, name: str, data: bytes, step: int) -> None:
        """Append `data` to the file `name`, at most once a step.

        If several writers share a file, the first one writes.
        """
        if self._steps.get(name) == step:
            return
        self._steps[name] = step
        if name not in self._open:  # a file that is not continued is an earlier run's: overwrite it
            mode = "ab" if name in self._lengths else "wb"
            self._open[name] = open(self.path / name, mode, opener=_not_through_links)  # noqa: SIM115, closed in opened
        self._open[name].write(data)
        length, crc = self._lengths.get(name, (0, 0))
        self._lengths[name] = length + len(data), zlib.crc32(data, crc)

    def commit(self, tensors: Mapping[str, Any]) -> None:
        """Write codes.safetensors, after everything else of that step has reached the disk."""
        from safetensors.torch import save

        for file in self._open.values():
            durable(file)
        entry = {"files": self._lengths, "sha256": checksum(tensors)}
        write_bytes(self.path / CODES, save(dict(tensors), {"run": json.dumps(entry)}))

    def flush(self) -> None:
        """Flush the appended files, so that other processes can read everything written so far."""
        for file in self._open.values():
            file.flush()

    def _make(self) -> None:
        missing = [folder for folder in (self.path, *self.path.parents) if not folder.exists()]
        for folder in reversed(missing):
            folder.mkdir(exist_ok=True)
            self._made.append(folder)
        if not os.access(self.path, os.W_OK | os.X_OK):
            raise UserError(f"out={self.path}: the folder cannot be written")

    def _close(self) -> None:
        with ExitStack() as stack:  # closing a file flushes it, which may fail; the others are closed nevertheless
            for file in self._open.values():
                stack.callback(file.close)

    def _remove_empty(self) -> None:
        """Remove the folders that a run has created if it wrote nothing into them."""
        for folder in reversed(self._made):
            if folder.is_dir() and not any(folder.iterdir()):
                folder.rmdir()

    def _clear(self, manifest: Mapping[str, Any]) -> None:
        present = [name for name in (*FILES, *self.others) if os.path.lexists(self.path / name)]
        for name in present:
            if (self.path / name).is_symlink():
                raise UserError(f"out={self.path}: {name} is a symbolic link; nothing is written through one")
        in_place = self.resume is not None and self.path.resolve() == self.resume.resolve()
        if present and not in_place and not self.overwrite:
            raise UserError(
                f"out={self.path}: it already holds a run ({', '.join(present)}); overwrite=true replaces it, "
                f"resume={self.path} continues it"
            )
        source = self.resume or self.path
        for name, (length, crc) in manifest.items():
            _check(source, name, length, crc)
        self._sweep()
        if not in_place:
            for path in (self.path / name for name in present):
                shutil.rmtree(path) if path.is_dir() else path.unlink()
            for name in manifest:
                with atomic(self.path / name) as temporary:
                    shutil.copyfile(source / name, temporary)
        for name, (length, _) in manifest.items():
            os.truncate(self.path / name, length)
        self._lengths = dict(manifest)

    def _sweep(self) -> None:
        """Remove temporary files of processes that died: the lock ensures that nobody else is writing here."""
        for folder in (self.path, self.path / "samples"):
            for path in folder.iterdir() if folder.is_dir() else ():
                if TEMPORARY.fullmatch(path.name) and stat.S_ISREG(path.lstat().st_mode):
                    path.unlink()


def checksum(tensors: Mapping[str, Any]) -> str:
    """Hash names, types, shapes and values, so that a flipped bit in any of them is detected."""
    digest = sha256()
    for name in sorted(tensors):
        value = tensors[name].detach().cpu().contiguous()
        digest.update(f"{name} {value.dtype} {tuple(value.shape)} ".encode())
        digest.update(value.numpy().tobytes())
    return digest.hexdigest()


def _check(folder: Path, name: str, length: int, crc: int) -> None:
    """Raise UserError unless the file begins with the bytes that were committed."""
    crc_read = left = 0
    try:
        with open(folder / name, "rb", opener=_not_through_links) as file:
            left = length
            while left and (block := file.read(min(left, BLOCK))):
                left, crc_read = left - len(block), zlib.crc32(block, crc_read)
    except OSError as error:
        raise UserError(f"resume={folder}: {name} cannot be read: {error.strerror}") from error
    if left or crc_read != crc:
        raise UserError(f"resume={folder}: {name} is damaged: its beginning is not what was saved")


def _not_through_links(path: str, flags: int) -> int:
    return os.open(path, flags | getattr(os, "O_NOFOLLOW", 0), 0o666)


def saved_samples(folder: Path, suffix: str = PICTURES) -> list[tuple[int, int, Path]]:
    """List chain, step and path of every sample in the folder `samples`, in that order."""
    pattern = re.compile(r"chain_(\d+)_step_(\d+)" + re.escape(suffix))
    names = ((path, pattern.fullmatch(path.name)) for path in folder.glob(f"*{suffix}"))
    return sorted((int(name[1]), int(name[2]), path) for path, name in names if name)
