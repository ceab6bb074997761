"""Fill the page again and again with what its sessions have come to."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from typing import Any

import gradio as gr

from ppgn_core.errors import UserError

from .pane import HIDDEN, Pane, shown
from .sessions import TOKEN, Sessions

EVERY = 0.7
"""Seconds between two looks."""


def refresh(
    blocks: gr.Blocks,
    token: Any,
    panes: Sequence[Pane],
    sessions: Sessions,
    counts: Mapping[str, Any],
    compare: Any,
    first: Mapping[str, Any],
) -> None:
    """Let a page find its sessions by its token, also when it is loaded again, and fill it from them.

    Args:
        counts: boxes that all panes share, by key.
        compare: tick that shows the second pane.
        first: config of the studio's command line.
    """
    seen = gr.JSON({}, visible=False)

    def admit(token: Any) -> list[Any]:
        """Give the page a token unless it has one, and fill the boxes that its panes share."""
        known = isinstance(token, str) and TOKEN.fullmatch(token)
        token = token if known else secrets.token_urlsafe(24)
        found = [session for one in panes if (session := sessions.find(token, one.name)) is not None]
        boxes = [found[0].settings.keys.get(key, first[key]) if found else gr.skip() for key in counts]
        both = True if sessions.find(token, panes[-1].name) is not None else gr.skip()
        return [token, *boxes, both, *(gr.Button(interactive=True) for _ in panes)]

    def poll(token: Any, seen: Any, *quantities: Any) -> list[Any]:
        marks: dict[str, list[Any]] = {}
        values: list[Any] = []
        for one, quantity in zip(panes, quantities, strict=True):
            mark = seen.get(one.name) if isinstance(seen, dict) else None
            try:
                session = sessions.find(token, one.name)
                out, marks[one.name] = shown(session, mark if isinstance(mark, list) else [], quantity)
            except UserError:  # the token has not come yet, or the session is just being closed
                return [gr.skip()] * (1 + sum(len(one.outputs) for one in panes))
            values += out
        return [marks if marks != seen else gr.skip(), *values]

    look: Any = (
        poll,
        [token, seen, *(one.quantity for one in panes)],
        [seen, *(output for one in panes for output in one.outputs)],
    )
    admitted = [token, *counts.values(), compare, *(one.start for one in panes)]
    blocks.load(admit, token, admitted, **HIDDEN).then(*look, **HIDDEN)
    gr.Timer(EVERY).tick(*look, **HIDDEN)
