"""Lock single shards of a folder, so that no two processes make the same one at once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class Locks:
    """Lock parts of a data set by single bytes of its file `.lock`, one for each shard.

    Locks belong to the operating system, which ends them with their process, however that ends. POSIX locks of bytes
    hold between machines where the file system passes them on, as NFS does. Where there are none, `real` is False, and
    several processes may make the same shard: it is the same, and replaces the other as a whole, so only time is lost.

    Args:
        folder: folder of the data set.
    """

    def __init__(self, folder: Path) -> None:
        self._file = (folder / ".lock").open("ab")
        self.real = True

    def close(self) -> None:
        self._file.close()

    @contextmanager
    def held(self, number: int, wait: bool = False) -> Iterator[bool]:
        """Yield whether the part of that number, ≥ 0, is this process's own while the block runs.

        Args:
            wait: whether to wait while another process has it.
        """
        try:
            import fcntl

            fcntl.lockf(self._file, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB), 1, number)
            self.real = True
        except (BlockingIOError, PermissionError):
            yield False
            return
        except (ImportError, OSError):  # Windows, or a file system without locks
            self.real = False
        try:
            yield True
        finally:
            if self.real:
                fcntl.lockf(self._file, fcntl.LOCK_UN, 1, number)
