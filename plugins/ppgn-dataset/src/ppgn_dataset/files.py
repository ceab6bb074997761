"""The files of a data set: recipe.json, a tar file and its checksum for each shard, and index.json."""

from __future__ import annotations

import json
import tarfile
from contextlib import AbstractContextManager, suppress
from dataclasses import asdict
from hashlib import sha256
from pathlib import Path
from typing import Any

from ppgn_core.atomic import write_bytes
from ppgn_core.console import writing
from ppgn_core.errors import UserError
from ppgn_core.weights import digest

from .locks import Locks
from .recipe import Recipe, difference

RECIPE, INDEX = "recipe.json", "index.json"
WHOLE = 0
"""Number of the lock on what belongs to no shard; shard k has lock k + 1."""


class Files:
    """Read and write the files of a data set. A shard is finished when its checksum is there, which is written last.

    Args:
        folder: folder of the data set.
    """

    locks: Locks
    """The locks on the parts of the folder, which `begin` makes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def close(self) -> None:
        if hasattr(self, "locks"):
            self.locks.close()

    def shard(self, k: int) -> Path:
        return self.folder / f"shard-{k:06d}.tar"

    def checksum(self, k: int) -> Path:
        """Return the path of the file with a shard's checksum, in the form that `sha256sum --check` reads."""
        return self.shard(k).with_suffix(".sha256")

    def missing(self, n: int) -> list[int]:
        """Return the numbers of those of `n` shards that are not finished."""
        return [k for k in range(n) if not self.checksum(k).exists()]

    def refuse(self, recipe: Recipe) -> None:
        """Refuse a folder that holds something else than this data set.

        Raises:
            UserError: it holds another data set, or other files.
        """
        if not self.folder.exists():
            return
        path = self.folder / RECIPE
        if not path.exists():
            other = next((one.name for one in self.folder.iterdir() if not one.name.startswith(".")), None)
            if other is not None:
                raise UserError(f"out={self.folder}: it holds other files ({other}); allowed is a new folder")
            return
        try:
            there = json.loads(path.read_bytes())
            assert isinstance(there, dict)
        except (ValueError, AssertionError):
            raise UserError(f"out={self.folder}: {RECIPE} is damaged; allowed is another folder") from None
        if other := difference(there, json.loads(_json(asdict(recipe)))):
            raise UserError(f"out={self.folder}: it holds another data set ({other}); allowed is another folder")

    def begin(self, recipe: Recipe) -> None:
        """Create the folder and write the recipe, unless another process has already done so.

        Raises:
            UserError: the folder holds something else, or cannot be written.
        """
        self.refuse(recipe)
        with self._writing():
            self.folder.mkdir(parents=True, exist_ok=True)
            self.locks = Locks(self.folder)
        with self.locks.held(WHOLE, wait=True):
            self.refuse(recipe)
            if not (self.folder / RECIPE).exists():
                self._write(self.folder / RECIPE, _json(asdict(recipe)))

    def finish(self, k: int, data: bytes) -> None:
        """Write a finished shard, then its checksum; the caller holds its lock.

        Raises:
            UserError: it cannot be written.
        """
        self._write(self.shard(k), data)
        self._write(self.checksum(k), self._line(k, sha256(data).hexdigest()))

    def discard_damaged(self, n: int) -> list[int]:
        """Delete the checksums of shards whose bytes they do not match, so that these are made again."""
        damaged = []
        for k in range(n):
            if self.checksum(k).exists() and not self.sound(k):
                with self.locks.held(k + 1) as mine:
                    if mine and self.checksum(k).exists() and not self.sound(k):
                        self.checksum(k).unlink()
                        damaged.append(k)
        return damaged

    def sound(self, k: int) -> bool:
        """Return whether a shard's bytes match its checksum."""
        try:
            return self.checksum(k).read_bytes() == self._line(k, digest(self.shard(k)))
        except FileNotFoundError:
            return False

    def _line(self, k: int, checksum: str) -> bytes:
        return f"{checksum}  {self.shard(k).name}\n".encode()

    def index(self, recipe: Recipe, n: int) -> int:
        """Write the index from the finished shards, and return the number of samples.

        Whichever process writes it, it is the same. Its keys are those of the indices that `wids` reads.
        """
        shards: list[dict[str, Any]] = [
            {
                "url": self.shard(k).name,
                "nsamples": _samples(self.shard(k)),
                "filesize": self.shard(k).stat().st_size,
                "sha256": self.checksum(k).read_text().split()[0],
            }
            for k in range(n)
        ]
        total = sum(one["nsamples"] for one in shards)
        kind = {"__kind__": "wids-shard-index-v1", "wids_version": 1}
        data = _json({**kind, "samples": total, "shardlist": shards, "recipe": asdict(recipe)})
        path = self.folder / INDEX
        with self.locks.held(WHOLE, wait=True):
            if not path.exists() or path.read_bytes() != data:
                self._write(path, data)
        return total

    def named(self, n: int) -> str:
        """Write the names of `n` shards as WebDataset takes them: `DIR/shard-{000000..000012}.tar`."""
        return str(self.folder / f"shard-{{{0:06d}..{n - 1:06d}}}.tar") if n > 1 else str(self.shard(0))

    def _write(self, path: Path, data: bytes) -> None:
        """Write a file at once, and delete what killed processes left of it: the caller's lock keeps others away."""
        with self._writing():
            for left in path.parent.glob(f".{path.name}.*") if self.locks.real else ():
                with suppress(FileNotFoundError):
                    left.unlink()
            write_bytes(path, data)

    def _writing(self) -> AbstractContextManager[None]:
        return writing(self.folder, note="; what was finished is kept")


def _samples(shard: Path) -> int:
    with tarfile.open(shard, "r:") as tar:
        return sum(member.name.endswith(".cls") for member in tar)


def _json(value: Any) -> bytes:
    return (json.dumps(value, indent=1, ensure_ascii=False) + "\n").encode()
