"""Show the classes of a condition as a list to choose from, with a picture of each that the networks drew."""

from __future__ import annotations

import html
import threading
from pathlib import Path
from typing import Any

import gradio as gr
from PIL import Image

from ppgn_core import components
from ppgn_core.api import component, configured
from ppgn_core.atomic import atomic
from ppgn_core.data_space import pictures
from ppgn_core.errors import UserError
from ppgn_core.images import to_uint8
from ppgn_core.model import Labels

from .limits import Limits
from .session import BUILDING, FINISHED, RUNNING, Session
from .sessions import Sessions
from .settings import read
from .view import png

AT_ONCE = 4
"""Chains that draw a class; the surest is shown."""


class Portraits:
    """List classes, and draw a picture of each once, in the background, with the studio's own settings.

    Args:
        base: overrides of the studio's command line, which name the model.
    """

    def __init__(self, sessions: Sessions, limits: Limits, base: tuple[str, ...]) -> None:
        self.sessions, self.limits, self.base = sessions, limits, base
        model = configured(*base).get("model")
        self.model: str | None = (model or {}).get("name")
        self.model_config = model
        self._drawing = threading.Lock()
        self._labels: dict[str, Labels | None] = {}

    def lay_out(self, condition: Any) -> None:
        """Lay out the list for the condition that is chosen, inside the page that is being built."""
        shown = gr.HTML("", elem_id="class-list")
        with gr.Row():
            show = gr.Button("Show", elem_id="show-classes", min_width=80)
            draw = gr.Button("Draw each", elem_id="draw-classes", min_width=80)
        quick: Any = {"show_progress": "minimal", "api_visibility": "private"}
        gr.on([show.click, condition.change], self.list, condition, shown, **quick)
        draw.click(self.draw, condition, shown, **quick)

    def labels(self, condition: Any) -> Labels | None:
        """Return the classes that a condition's `target` may name; None if it has none, or its own."""
        option = components()["condition"].get(condition) if isinstance(condition, str) else None
        if option is None or self.model_config is None:
            return None
        keys = {key.name: key.default for key in option.signature.keys}
        role = keys.get("classifier")
        if "target" not in keys or not isinstance(role, str):
            return None
        if role not in self._labels:
            try:
                model = component("model", self.model_config, device="cpu")
                self._labels[role] = model.labels.get(role)
            except UserError:
                self._labels[role] = None
        return self._labels[role]

    def list(self, condition: Any) -> str:
        """Return the classes as buttons; the page's script puts the name of the one that is pressed into `target`."""
        labels = self.labels(condition)
        if labels is None:
            return "<p>This condition has no list of classes; write what it asks for.</p>"
        buttons = []
        for label in labels:
            file, name = self._file(condition, label.index), html.escape(str(label), quote=True)
            drawn = f'<img src="{png(Image.open(file))}" alt="">' if file.exists() else ""
            buttons.append(f'<button type="button" data-class="{name}">{drawn}{name}</button>')
        return f'<div class="classes">{"".join(buttons)}</div>'

    def draw(self, condition: Any) -> str:
        """Begin to draw what is missing, unless that has begun, and return the list as it is."""
        labels = self.labels(condition)
        if labels is not None and self._drawing.acquire(blocking=False):
            threading.Thread(target=self._draw, args=(condition, labels), daemon=True).start()
        return self.list(condition)

    def _draw(self, condition: str, labels: Labels) -> None:
        try:
            for label in labels:
                if not self._file(condition, label.index).exists():
                    self._draw_one(condition, label.index)
        except UserError:  # what cannot be drawn stays a name in the list
            pass
        finally:
            self._drawing.release()

    def _draw_one(self, condition: str, index: int) -> None:
        values = {"condition": condition, "condition.target": str(index), "n_chains": AT_ONCE, "save_every": 1}
        session = Session(read(values, self.base, self.limits, {}), self.limits, self.sessions.turn)
        try:
            session.wait(lambda: session.status not in (BUILDING, RUNNING), 600)
            if session.status != FINISHED or session.chains is None:
                raise UserError(session.error)
            state = session.history.last.state
            drawn = pictures(state.x[state.log_prob.argmax()][None], session.chains.context.generator)
            if drawn is not None:
                file = self._file(condition, index)
                file.parent.mkdir(parents=True, exist_ok=True)
                with atomic(file) as part:
                    Image.fromarray(to_uint8(drawn)[0]).save(part, "png")
        finally:
            session.close()

    def _file(self, condition: str, index: int) -> Path:
        return self.sessions.folder / "classes" / str(self.model) / condition / f"{index}.png"
