"""Show the classes of a condition as a list to choose from, with a picture of each that the networks drew."""

from __future__ import annotations

import html
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import gradio as gr

from ppgn_core.atomic import atomic
from ppgn_core.data_space import pictures
from ppgn_core.errors import UserError
from ppgn_core.images import encoded, to_uint8

from .class_names import Asked, ClassNames
from .limits import Limits
from .session import BUILDING, FINISHED, RUNNING, Session
from .sessions import Sessions
from .settings import flat, read
from .view import png

AT_ONCE = 4
"""Chains that draw a class; the surest is shown."""

EVERY = 3.0
"""Seconds after which the list shows what has been drawn since."""

ABOUT = """<p>Press <i>Show</i> for the classes that the chosen condition knows, then one of them, then <i>Start</i>.
<i>Draw each</i> lets the networks draw a picture of each class, which takes some seconds for each.</p>"""
NONE = "<p>This condition has no list of classes; write what it asks for.</p>"


class Portraits:
    """List the classes of the condition that a page has chosen, and draw a picture of each once, in the background.

    Args:
        base: overrides of the studio's command line, which every run has.
    """

    def __init__(self, sessions: Sessions, limits: Limits, base: tuple[str, ...]) -> None:
        self.sessions, self.limits, self.base = sessions, limits, base
        self.names = ClassNames(base, limits, sessions.turn)
        self._drawing = threading.Lock()
        self._seen, self._place, self._error = 0.0, "", ""

    def lay_out(self) -> Callable[[Mapping[str, Any]], None]:
        """Lay out the list inside the page that is being built; the function returned connects it with the form."""
        shown = gr.HTML(ABOUT, elem_id="class-list")
        count, again = gr.Number(0, visible=False), gr.Timer(EVERY, active=False)
        with gr.Row():
            show = gr.Button("Show", elem_id="show-classes", min_width=80)
            draw = gr.Button("Draw each", elem_id="draw-classes", min_width=80)

        def connect(form: Mapping[str, Any]) -> None:
            def given(act: Callable[..., Any]) -> Callable[..., Any]:
                return lambda *values: act(flat(dict(zip(form, values, strict=False))), *values[len(form) :])

            quick: Any = {"show_progress": "minimal", "api_visibility": "private"}
            inputs = list(form.values())
            show.click(given(self.list), inputs, shown, **quick)
            draw.click(given(self.draw), inputs, [shown, again], **quick)
            hidden: Any = {**quick, "show_progress": "hidden"}
            again.tick(given(self.follow), [*inputs, count], [shown, count, again], **hidden)
            other = [form["condition"].change, form["model"].change]
            gr.on(other, lambda: (ABOUT, gr.Timer(active=False)), None, [shown, again], **hidden)

        return connect

    def list(self, values: Mapping[str, Any]) -> str:
        """Return the classes as buttons; the page's script puts the name of the one that is pressed into `target`."""
        try:
            asked = self.names.asked(values)
        except UserError as error:
            return f'<p class="status failed" role="alert">{html.escape(str(error))}</p>'
        if asked is None:
            return NONE
        buttons = []
        for label in asked.labels:
            file, name = self._file(asked, label.index), html.escape(str(label), quote=True)
            drawn = f'<img src="{png(file.read_bytes())}" alt="">' if file.exists() else ""
            buttons.append(f'<button type="button" data-class="{name}">{drawn}{name}</button>')
        return f'<div class="classes">{"".join(buttons)}</div>{self._told(asked)}'

    def draw(self, values: Mapping[str, Any]) -> tuple[str, Any]:
        """Begin to draw what is missing, unless that has begun, and return the list as it is."""
        asked = self._asked(values)
        if asked is not None and self._drawing.acquire(blocking=False):
            self._seen, self._place, self._error = time.monotonic(), asked.place, ""
            threading.Thread(target=self._draw, args=(dict(values), asked), daemon=True).start()
        return self.list(values), gr.Timer(active=asked is not None)

    def follow(self, values: Mapping[str, Any], count: Any) -> tuple[Any, Any, Any]:
        """Return the list if more has been drawn than a page has shown."""
        self._seen, drawing = time.monotonic(), self._drawing.locked()
        asked = self._asked(values)
        drawn = self._drawn(asked) if asked else 0
        changed = asked is not None and (drawn != count or not drawing)
        return self.list(values) if changed else gr.skip(), drawn, gr.skip() if drawing else gr.Timer(active=False)

    def _asked(self, values: Mapping[str, Any]) -> Asked | None:
        """Return the classes; None if there are none, or if what has them cannot be built, which the list tells."""
        with suppress(UserError):
            return self.names.asked(values)
        return None

    def _draw(self, values: Mapping[str, Any], asked: Asked) -> None:
        try:
            for label in asked.labels:
                if time.monotonic() - self._seen > self.limits.idle:
                    return  # nobody looks any longer
                if not self._file(asked, label.index).exists():
                    self._draw_one(values, asked, label.index)
        except UserError as error:  # what cannot be drawn stays a name in the list
            self._error = str(error)
        finally:
            self._drawing.release()

    def _draw_one(self, values: Mapping[str, Any], asked: Asked, index: int) -> None:
        n_chains = min(AT_ONCE, self.limits.chains)
        own = {"condition.target": str(index), "n_chains": n_chains, "save_every": 1}
        session = Session(read({**values, **own}, self.base, self.limits, {}), self.limits, self.sessions.turn)
        try:
            session.wait(lambda: session.status not in (BUILDING, RUNNING), 600)
            if session.status != FINISHED or session.chains is None:
                raise UserError(session.error or "drawing a class has taken over ten minutes, so it was given up")
            state = session.history.last.state
            drawn = pictures(state.x[state.log_prob.argmax()][None], session.chains.context.generator)
            if drawn is not None:
                file = self._file(asked, index)
                file.parent.mkdir(parents=True, exist_ok=True)
                with atomic(file) as part:
                    part.write_bytes(encoded(to_uint8(drawn)[0]))
        finally:
            session.close()

    def _told(self, asked: Asked) -> str:
        own, more = self._place == asked.place, ""
        if self._error and own:
            return f'<p class="status failed" role="alert">{html.escape(self._error)}</p>'
        if self._drawing.locked():
            more = "drawing goes on while this page is open" if own else "others are being drawn, so press again later"
        told = f"{self._drawn(asked)} of {len(asked.labels)} are drawn{'; ' + more if more else ''}"
        return f"<p>Press one, then <i>Start</i>. {told}.</p>"

    def _drawn(self, asked: Asked) -> int:
        return sum(self._file(asked, label.index).exists() for label in asked.labels)

    def _file(self, asked: Asked, index: int) -> Path:
        return self.sessions.folder / "classes" / asked.place / f"{index}.png"
