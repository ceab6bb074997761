"""Implement `ppgn studio`, which serves the page until it is interrupted."""

from __future__ import annotations

import socket
from collections.abc import Sequence
from typing import Annotated

from ppgn_core.api import configured
from ppgn_core.console import say
from ppgn_core.errors import UserError
from ppgn_core.user_input import home

from .limits import Limits


def studio(
    out: str = "studio",
    port: Annotated[int, ">= 0", "<= 65535"] = 7860,
    chains: Annotated[int, ">= 1", "<= 256"] = 16,
    steps: Annotated[int, ">= 1", "<= 1000000"] = 2000,
    sessions: Annotated[int, ">= 1", "<= 100"] = 8,
    idle: Annotated[float, "> 0"] = 60.0,
    overrides: Sequence[str] = (),
) -> None:
    """Serve a page on which chains are started, watched, steered and saved: http://127.0.0.1:7860.

    All other KEY=VALUE are those of a run, and hold for every run of the page: `ppgn studio condition=torchvision
    condition.arch=resnet18 condition.weights=FILE`. Only this machine can open the page, and it needs no internet.

    Args:
        out: folder for the runs that are saved, and for the pictures that are sent to be filled in.
        port: port of the page; 0 for any that is free.
        chains, steps: largest number of chains of a run, and of steps that each takes.
        sessions: largest number of runs at a time, of all pages together.
        idle: seconds after which a run ends whose page has gone away.
    """
    place = home(out, "out").absolute()
    if place.exists() and not place.is_dir():
        raise UserError(f"out={out}: it is a file; allowed is a folder")
    configured(*overrides)  # raises before anything is served
    with socket.socket() as free:
        free.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            free.bind(("127.0.0.1", port))
        except OSError as error:
            raise UserError(f"port={port}: {error.strerror}; allowed is one that is free, or 0") from error
        port = free.getsockname()[1]
    from .server import Sessions, server

    limits = Limits(chains=chains, steps=steps, sessions=sessions, idle=idle)
    held = Sessions(place, limits)
    serving = server(overrides, held, limits, port)
    say(f"http://127.0.0.1:{port} (Ctrl-C ends it)")
    try:
        serving.run()
    finally:
        held.close()
    if serving.interrupted:  # whether uvicorn raises the signal again depends on the moment
        raise KeyboardInterrupt
