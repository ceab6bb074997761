"""Serve the page on this machine alone, without any help from the internet."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from types import FrameType
from typing import Any

os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")  # before gradio is imported

import gradio as gr
import uvicorn
from fastapi import FastAPI

from .guard import Guard
from .limits import Limits
from .page import page
from .sessions import Sessions

HERE = Path(__file__).parent
HOST = "127.0.0.1"


def application(base: Sequence[str], sessions: Sessions, limits: Limits) -> Any:
    """Return the studio as an ASGI application."""
    blocks = page(base, sessions, limits)
    blocks.queue(max_size=limits.waiting, default_concurrency_limit=4, api_open=False)
    blocks.state_session_capacity = limits.pages  # Gradio's own is 10000, each with a copy of the page
    theme = gr.themes.Default(font=["system-ui", "sans-serif"], font_mono=["ui-monospace", "monospace"])
    app = gr.mount_gradio_app(
        FastAPI(docs_url=None, redoc_url=None, openapi_url=None),
        blocks,
        path="/",
        server_name=HOST,
        footer_links=[],
        run_history=False,
        max_file_size=1,
        ssr_mode=False,
        show_error=True,
        theme=theme,
        css=(HERE / "studio.css").read_text(encoding="utf-8"),
        head=f"<script>{(HERE / 'studio.js').read_text(encoding='utf-8')}</script>",
    )
    return Guard(app, limits, blocks.fns)


class Server(uvicorn.Server):
    """A server that says afterwards whether a signal ended it."""

    interrupted = False

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        self.interrupted = True
        super().handle_exit(sig, frame)


def server(base: Sequence[str], sessions: Sessions, limits: Limits, port: int) -> Server:
    """Return the server; `run()` serves until it is interrupted, and `should_exit = True` ends it."""
    config = uvicorn.Config(
        application(base, sessions, limits),
        host=HOST,
        port=port,
        log_level="warning",
        access_log=False,
        ws="none",
        timeout_graceful_shutdown=1,
        limit_concurrency=400,
    )
    return Server(config)
