from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from ppgn_studio.limits import Limits
from ppgn_studio.sessions import Sessions


@dataclass
class Served:
    """A studio that serves in a thread of this process."""

    port: int
    sessions: Sessions
    folder: Path

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


@pytest.fixture(scope="module")
def serve(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Served]]:
    """Make a function that serves a studio with these overrides and limits, until the module's last test."""
    from ppgn_studio.server import server

    running: list[tuple[Any, threading.Thread, Sessions]] = []

    def begin(*base: str, **limits: Any) -> Served:
        folder, bounds = tmp_path_factory.mktemp("studio"), Limits(**limits)
        sessions = Sessions(folder / "out", bounds)
        serving = server(base, sessions, bounds, 0)
        thread = threading.Thread(target=serving.run, daemon=True)
        thread.start()
        while not serving.started:
            time.sleep(0.02)
        running.append((serving, thread, sessions))
        return Served(serving.servers[0].sockets[0].getsockname()[1], sessions, folder)

    yield begin
    for serving, thread, sessions in running:
        serving.should_exit = True
        sessions.close()
        thread.join(20)
