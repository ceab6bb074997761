"""Bound what a client may ask for, so that a page left open or a hostile one cannot exhaust the machine."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """Hold the bounds of the studio.

    Args:
        chains, steps: largest number of chains of a session, and of steps that each takes.
        values: largest number of values of all pictures of a session at one step, `n_chains · 3 · H · W`.
        sessions: largest number of sessions of all clients together.
        history: bytes of earlier frames that a session holds; when they are full, every other one is dropped.
        idle: seconds after which a session is closed whose client no longer asks for it.
        upload: largest file that is accepted, in bytes.
        pixels: largest picture that is accepted, in pixels.
        text: longest text that is accepted, in characters.
        pages: largest number of pages whose state Gradio holds; the oldest is forgotten first.
        waiting: largest number of events that wait in the queue.
    """

    chains: int = 16
    steps: int = 2000
    values: int = 16 * 3 * 512 * 512
    sessions: int = 8
    history: int = 64 * 2**20
    idle: float = 60.0
    upload: int = 8 * 2**20
    pixels: int = 24_000_000
    text: int = 300
    pages: int = 100
    waiting: int = 64
