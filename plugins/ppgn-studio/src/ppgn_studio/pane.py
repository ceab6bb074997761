"""A pane shows one session and its controls; the page has two, to compare two settings side by side."""

from __future__ import annotations

import html
from dataclasses import dataclass
from typing import Any

import gradio as gr

from ppgn_core.errors import UserError

from . import view
from .session import FINISHED, Session
from .sessions import Sessions
from .settings import GUIDANCE, STEP_SIZE, at

WEIGHTS = {
    "epsilon1": "ε1, the prior",
    "epsilon2": "ε2, the condition",
    "epsilon3": "ε3, the noise",
    STEP_SIZE: "step size",
    GUIDANCE: "guidance",
}
"""Keys that may be moved while chains run; those of the sampler if it has them."""
ALL = "all chains"
MORE = 25
"""Steps that chains take which have finished and are to go on."""


HIDDEN: Any = {"show_progress": "hidden", "api_visibility": "private", "concurrency_limit": 8}
"""How events run: without a veil over the page, and closed to Gradio's own clients."""


@dataclass
class Pane:
    """Hold the widgets of one pane.

    Args:
        outputs: widgets that are filled in again whenever the session has changed.
    """

    name: str
    start: Any
    weights: dict[str, Any]
    quantity: Any
    outputs: list[Any]


def pane(name: str, token: Any, sessions: Sessions, first: dict[str, Any]) -> Pane:
    """Lay out a pane inside the page that is being built."""
    own = f"pane-{name}"
    with gr.Row(elem_classes="weights"):
        weights = {key: _weight(key, first, own) for key in WEIGHTS}
    with gr.Row():
        start = gr.Button("Start", variant="primary", interactive=False, elem_id=f"{own}-start", min_width=80)
        pause = gr.Button("Pause", elem_id=f"{own}-pause", min_width=80)
        go_on = gr.Button("Go on", elem_id=f"{own}-go-on", min_width=80)
    status = gr.HTML(view.status(None), elem_id=f"{own}-status")
    pictures = gr.HTML("", elem_id=f"{own}-pictures")
    quantity = gr.Dropdown(
        [(label, key) for key, label in view.NAMES.items()], value="log_prob", label="trace", elem_id=f"{own}-quantity"
    )
    trace = gr.HTML("", elem_id=f"{own}-trace")
    with gr.Accordion("Go back to an earlier frame, and branch from it", open=False, elem_id=f"{own}-branching"):
        step = gr.Slider(0, int(first["n_steps"]), value=0, step=1, label="step", elem_id=f"{own}-step")
        earlier = gr.HTML("", elem_id=f"{own}-earlier")
        chain = gr.Dropdown([ALL], value=ALL, label="continue", elem_id=f"{own}-chain")
        with gr.Row():
            branch = gr.Button("Branch here", elem_id=f"{own}-branch", min_width=80)
            back = gr.Button("Undo the branch", elem_id=f"{own}-back", min_width=80)
    with gr.Accordion("Keep, discard and save", open=False, elem_id=f"{own}-keeping"):
        discard = gr.CheckboxGroup([], label="discard these chains", elem_id=f"{own}-discard")
        save = gr.Button("Save the run folder", elem_id=f"{own}-save")
        saved = gr.Textbox("", label="saved in", interactive=False, elem_id=f"{own}-saved")
        line = gr.Textbox("", label="command line", lines=2, buttons=["copy"], elem_id=f"{own}-line", interactive=False)
        code = gr.Textbox("", label="Python", lines=4, buttons=["copy"], elem_id=f"{own}-python", interactive=False)

    def with_session(act: Any, needed: bool = True) -> Any:
        """Return a function of the token and more that acts on the session; without one it complains if it is needed.

        Otherwise it does nothing: the value of a widget counts when a session starts.
        """

        def call(token: str, *values: Any) -> Any:
            try:
                session = sessions.find(token, name)
                if session is None:
                    raise UserError("start the chains first")
            except UserError:
                if needed:
                    raise
                return None
            return act(session, *values)

        return telling(call)

    def move(session: Session, key: str, value: Any) -> None:
        if isinstance(value, int | float) and session.history.frames:
            session.move(**{key: float(value)})

    def further(session: Session) -> None:
        if session.status == FINISHED:
            session.move(n_steps=min(session.step + MORE, session.limits.steps))
        session.go_on()

    def kept(session: Session, chains: Any) -> None:
        session.discard([k for k in chains or [] if isinstance(k, int)])

    def look(session: Session, at: Any) -> str:
        return view.earlier(session, at)[1] if session.history.frames and isinstance(at, int | float) else ""

    def turn_back(session: Session, at: Any, chain: Any) -> None:
        if not isinstance(at, int | float) or not session.history.frames:
            raise UserError("step: the chains have not begun")
        session.branch(view.earlier(session, at)[0], chain if isinstance(chain, int) else None)

    pause.click(with_session(lambda session: session.pause()), token, None, **HIDDEN)
    go_on.click(with_session(further), token, None, **HIDDEN)
    for key, box in weights.items():
        moved = with_session(lambda session, value, key=key: move(session, key, value), needed=False)
        gr.on([box.blur, box.submit], moved, [token, box], None, **HIDDEN)
    step.change(with_session(look, needed=False), [token, step], earlier, **HIDDEN)
    branch.click(with_session(turn_back), [token, step, chain], None, **HIDDEN)
    back.click(with_session(lambda session: session.back()), token, None, **HIDDEN)
    discard.input(with_session(kept), [token, discard], None, **HIDDEN)
    save.click(telling(lambda token: str(sessions.save(token, name))), token, saved, **HIDDEN)
    return Pane(
        name, start, weights, quantity, [status, pictures, trace, line, code, step, chain, discard, *weights.values()]
    )


def shown(session: Session | None, seen: list[Any], quantity: str) -> tuple[list[Any], list[Any]]:
    """Return what a pane's outputs become, and the mark of the version shown; nothing if that was seen before.

    The boxes are filled where other chains have come: of a new session, of one that a page finds that was loaded
    again, or after a branch. Otherwise they are left alone, as somebody may be writing in them.
    """
    nothing: list[Any] = [gr.skip()] * (8 + len(WEIGHTS))
    if session is None:
        return ([view.status(None), *nothing[1:]] if seen else nothing), []
    chains, history = session.chains, session.glimpse()
    if chains is None or not history.frames:
        mark = ["", 0, 0, session.version, quantity]
        return ([view.status(session), *nothing[1:]] if mark != seen else nothing), mark
    n, n_steps = len(history.last.last_step), int(chains.config.n_steps)
    mark = [session.key, session.exchanged, n_steps, session.version, quantity]
    if mark == seen:
        return nothing, seen
    out: list[Any] = [view.status(session), view.live(session), view.trace(history, quantity, session.discarded)]
    out += [session.command(), session.python(), *nothing[5:]]
    if seen[:1] != mark[:1]:
        out[5] = gr.Slider(maximum=n_steps, value=0)
        out[6] = gr.Dropdown([ALL, *((f"copies of chain {k}", k) for k in range(n))], value=ALL)
    elif seen[:3] != mark[:3]:
        out[5] = gr.Slider(maximum=n_steps)
    if seen[:2] != mark[:2]:
        out[7] = gr.CheckboxGroup(list(range(n)), value=sorted(session.discarded))
        out[8:] = [gr.skip() if (value := at(chains.config, key)) is None else value for key in WEIGHTS]
    return out, mark


def _weight(key: str, first: dict[str, Any], own: str) -> Any:
    value = at(first, key)
    about: dict[str, Any] = {"label": WEIGHTS[key], "elem_id": f"{own}-{key.replace('.', '-')}", "min_width": 135}
    return gr.Number(value, visible=value is not None, minimum=None if key in ("epsilon2", GUIDANCE) else 0, **about)


def telling(act: Any) -> Any:
    """Return a function that does the same, and tells a user's error in the page, where Gradio takes it for HTML."""

    def call(*values: Any) -> Any:
        try:
            return act(*values)
        except UserError as error:
            raise gr.Error(html.escape(str(error)), print_exception=False) from error

    return call
