"""Build the page: what the chains are made from, on the left, and two panes that show them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import gradio as gr

from ppgn_core.api import configured
from ppgn_core.errors import UserError

from .limits import Limits
from .pane import HIDDEN, pane, telling
from .portraits import Portraits
from .refresh import refresh
from .sessions import Sessions
from .settings import KINDS, Settings, flat, read
from .uploads import store
from .widgets import BESIDE, offered, shown_keys, widget

if TYPE_CHECKING:
    from ppgn_core.options.signature import Key

ABOUT = """# PPGN studio
A network draws what it knows: chains move towards pictures that the *condition* asks for and the *prior* finds
plausible. Choose, press Start, and steer."""
PHOTOGRAPH = """<div class="photograph"><input type="file" accept="image/*" id="ppgn-file" aria-label="a photograph">
<p>Paint over what is to be filled in. <button type="button" id="ppgn-clear">Clear</button></p>
<canvas id="ppgn-canvas" width="256" height="256" aria-label="the mask"></canvas></div>"""
COLLECT = "(...all) => { const drawn = window.ppgnDrawn(); return [...all.slice(0, -2), drawn[0], drawn[1]]; }"
"""The page's own script puts the photograph and the mask in place of the last two values."""


def page(base: Sequence[str], sessions: Sessions, limits: Limits) -> gr.Blocks:
    """Build the page over these sessions.

    Args:
        base: overrides of the studio's command line, which every run has.
    """
    first = configured(*base)
    portraits = Portraits(sessions, limits, tuple(base))
    with gr.Blocks(title="PPGN studio", analytics_enabled=False, fill_width=True) as blocks:
        token = gr.BrowserState("", storage_key="ppgn-studio")
        gr.Markdown(ABOUT)
        with gr.Row():
            with gr.Column(scale=1, min_width=300):
                chosen, stores, connect = _components(first, portraits)
                connect({**chosen, **stores})
                with gr.Row():
                    counts = {
                        "n_chains": gr.Number(
                            min(int(first["n_chains"]), 4), precision=0, minimum=1, maximum=limits.chains,
                            label="chains", min_width=80, elem_id="n-chains",
                        ),
                        "n_steps": gr.Number(
                            int(first["n_steps"]), precision=0, minimum=1, maximum=limits.steps,
                            label="steps", min_width=80, elem_id="n-steps",
                        ),
                        "seed": gr.Number(int(first["seed"]), precision=0, label="seed", min_width=80, elem_id="seed"),
                    }  # fmt: skip
                with gr.Accordion("Fill in a photograph", open=False, elem_id="inpaint"):
                    gr.HTML(PHOTOGRAPH)
                    filled = gr.Checkbox(False, label="fill in what is painted", elem_id="fill-in")
                compare = gr.Checkbox(
                    False,
                    label="compare two settings",
                    info="A second column: choose something else, or other weights there, and press its Start.",
                    elem_id="compare",
                )
                photograph, mask = gr.Textbox("", visible=False), gr.Textbox("", visible=False)
            with gr.Column(scale=2, min_width=300):
                panes = [pane("a", token, sessions, first)]
            with gr.Column(scale=2, min_width=300, visible=False) as beside:
                panes.append(pane("b", token, sessions, first))
        compare.change(lambda on: gr.Column(visible=bool(on)), compare, beside, **HIDDEN)

        def begin(name: str, keys: Sequence[str]) -> Any:
            def call(token: str, *values: Any) -> None:
                *given, fill, picture, drawn = values
                settings, files = _settings(dict(zip(keys, given, strict=True)), fill, picture, drawn)
                sessions.open(token, name, settings, files)

            return telling(call)

        def _settings(values: dict[str, Any], fill: Any, picture: Any, drawn: Any) -> tuple[Settings, tuple[Path, ...]]:
            values = flat(values)
            if not fill:
                return read(values, base, limits, {}), ()
            files = {"init": store(picture, "photograph", sessions.folder / "pictures", limits)}
            try:
                files["mask"] = store(drawn, "mask", sessions.folder / "pictures", limits)
                values |= {"generator": "clamped", "init_noise": 0.3}
                return read(values, base, limits, files), tuple(files.values())
            except UserError:
                for file in files.values():
                    file.unlink(missing_ok=True)
                raise

        for one in panes:
            inputs = {**chosen, **stores, **counts, **one.weights}
            one.start.click(
                begin(one.name, list(inputs)),
                [token, *inputs.values(), filled, photograph, mask],
                None,
                js=COLLECT,
                **HIDDEN,
            )
        refresh(blocks, token, panes, sessions, counts, compare, first)
    return blocks


def _components(first: dict[str, Any], portraits: Portraits) -> tuple[dict[str, Any], dict[str, Any], Any]:
    """Lay out the choice of each kind with the keys of what is chosen.

    Returns:
        The choices, what holds the keys, and the function that connects the list of classes with a form.
    """
    chosen: dict[str, Any] = {}
    stores: dict[str, Any] = {}
    for kind in ("condition", "prior", "model", "generator"):
        config = first.get(kind) or {}
        with gr.Accordion(kind, open=kind in ("condition", "prior"), elem_id=f"kind-{kind}"):
            names = offered(kind, config.get("name"))
            box = gr.Dropdown(names, value=config.get("name"), show_label=False, elem_id=f"choose-{kind}")
            kept = gr.JSON({}, visible=False)
            box.change(None, None, kept, js="() => ({})")
            gr.render(inputs=[box], show_progress="hidden")(_keys(kind, config, kept))
            if kind == "condition":
                with gr.Accordion("Choose a class from pictures or a list", open=False, elem_id="classes"):
                    connect = portraits.lay_out()
        chosen[kind], stores[kind] = box, kept
    return {kind: chosen[kind] for kind in KINDS}, {f"+{kind}": kept for kind, kept in stores.items()}, connect


def _keys(kind: str, config: dict[str, Any], kept: Any) -> Any:
    """Return the function that lays out the keys of whichever option is chosen."""

    def lay_out(name: Any) -> None:
        if not isinstance(name, str) or name not in offered(kind, config.get("name")):
            return
        own = config if name == config.get("name") else {}

        def add(key: Key) -> None:
            box = widget(key, f"{kind}.{key.name}", own.get(key.name, None if key.required else key.default))
            box.change(None, [kept, box], kept, js=f"(all, value) => ({{...all, {json.dumps(key.name)}: value}})")

        keys = shown_keys(kind, name)
        first = [key for key in keys if key.name in BESIDE or key.required]
        for key in first:
            add(key)
        if rest := [key for key in keys if key not in first]:
            with gr.Accordion("more keys", open=False):
                for key in rest:
                    add(key)

    return lay_out
