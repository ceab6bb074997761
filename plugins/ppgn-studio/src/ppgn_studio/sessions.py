"""Hold the sessions of all clients, a bounded number, and close those whose client has gone away."""

from __future__ import annotations

import re
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

from ppgn_core.errors import UserError
from ppgn_core.run_folder import dated

from .limits import Limits
from .session import Session
from .settings import Settings
from .turn import Turn

TOKEN = re.compile(r"[\w-]{20,64}")
"""What a client shows to find its own sessions again; the page makes it, at random."""

PANES = ("a", "b")
"""A client may have one session in each pane."""


@dataclass
class _Held:
    session: Session
    files: tuple[Path, ...]
    seen: float = field(default_factory=time.monotonic)
    saved: bool = False


class Sessions:
    """Open, find and close sessions.

    Args:
        folder: folder for saved runs and for the pictures that clients sent.
        limits: bounds of the studio.
    """

    def __init__(self, folder: Path, limits: Limits) -> None:
        self.folder, self.limits = folder, limits
        self._held: dict[tuple[str, str], _Held] = {}
        self._lock, self.turn = threading.RLock(), Turn()
        self._ended = threading.Event()
        threading.Thread(target=self._watch, name="ppgn-studio-reaper", daemon=True).start()

    def __len__(self) -> int:
        return len(self._held)

    def open(self, token: str, pane: str, settings: Settings, files: tuple[Path, ...] = ()) -> Session:
        """Start a session in a client's pane, in place of the one that was there.

        Args:
            token, pane: client, and which of its panes.
            files: pictures that the client has sent for this session.

        Raises:
            UserError: the token or the pane is not a valid one, or there are too many sessions.
        """
        key = _key(token, pane)
        with self._lock:
            self._close(key, keep=files)
            if len(self._held) >= self.limits.sessions:
                raise UserError(f"the studio runs {len(self._held)} sessions already, which is its limit; try later")
            session = Session(settings, self.limits, self.turn)
            self._held[key] = _Held(session, files)
            return session

    def find(self, token: str, pane: str) -> Session | None:
        """Return the session in a client's pane, if there is one, and note that its client is there."""
        with self._lock:
            held = self._held.get(_key(token, pane))
            if held is None:
                return None
            held.seen = time.monotonic()
            return held.session

    def save(self, token: str, pane: str) -> Path:
        """Save a client's session in a new folder named by date and time.

        Raises:
            UserError: there is no session, or it has nothing to save.
        """
        session = self.find(token, pane)
        if session is None:
            raise UserError("there is nothing to save yet: start the chains first")
        path = session.save(dated(self.folder))
        with self._lock:
            if (held := self._held.get(_key(token, pane))) is not None and held.session is session:
                held.saved = True
        return path

    def close(self) -> None:
        """Close all sessions."""
        self._ended.set()
        with self._lock:
            for key in list(self._held):
                self._close(key)

    def reap(self, before: float | None = None) -> None:
        """Close the sessions that nobody has asked for since a moment, by default `idle` seconds ago."""
        with self._lock:
            before = time.monotonic() - self.limits.idle if before is None else before
            for key in [key for key, held in self._held.items() if held.seen < before]:
                self._close(key)

    def _watch(self) -> None:
        while not self._ended.wait(min(self.limits.idle / 4, 5.0)):
            self.reap()

    def _close(self, key: tuple[str, str], keep: tuple[Path, ...] = ()) -> None:
        held = self._held.pop(key, None)
        if held is None:
            return
        held.session.close()
        used = {*keep, *(file for other in self._held.values() for file in other.files)}
        for file in () if held.saved else held.files:  # a saved run names them
            if file not in used:
                file.unlink(missing_ok=True)


def _key(token: str, pane: str) -> tuple[str, str]:
    if not isinstance(token, str) or not TOKEN.fullmatch(token) or pane not in PANES:
        raise UserError("this page is not one of the studio's; load it again")
    return token, pane
