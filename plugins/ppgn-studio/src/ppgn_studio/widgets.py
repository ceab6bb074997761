"""Make a widget for each key of a component from its signature: its type, bounds, choices and default."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import gradio as gr

from ppgn_core import components

from .settings import settable

if TYPE_CHECKING:
    from ppgn_core.options.signature import Key

BESIDE = ("text", "target")
"""Keys that people change most: they are shown first, the others in a fold."""


def shown_keys(kind: str, name: str) -> list[Key]:
    """Return the keys of an option that a page can set."""
    keys = components()[kind][name].signature.keys
    shown = [key for key in keys if settable(key)]
    return sorted(shown, key=lambda key: (key.name not in BESIDE, not key.required))


def offered(kind: str, chosen: str | None) -> list[str]:
    """Return the names of a kind's options that a page can set up, and the one that is chosen already."""
    names = []
    for name, option in components()[kind].items():
        if name == chosen or all(settable(key) or not key.required for key in option.signature.keys):
            names.append(name)
    return names


def widget(key: Key, place: str, value: Any) -> Any:
    """Make the widget in which one key is set; a text or number that is left empty means the key's default.

    Args:
        place: dotted name of the key in the config, which becomes the widget's id.
        value: value that the widget shows first.
    """
    about: dict[str, Any] = {
        "label": key.name + ("" if not key.required else " (required)"),
        "info": key.doc[:300] or None,
        "elem_id": "key-" + place.replace(".", "-"),
        "interactive": True,
    }
    if key.choices:
        return gr.Dropdown([(str(one), one) for one in key.choices if one is not None], value=value, **about)
    if key.type is bool:
        return gr.Checkbox(bool(value), **about)
    if key.type in (int, float, int | None, float | None):
        least = [number for sign, number in key.bounds if sign.startswith(">")]
        most = [number for sign, number in key.bounds if sign.startswith("<")]
        return gr.Number(
            value,
            minimum=max(least) if least else None,
            maximum=min(most) if most else None,
            precision=0 if key.type in (int, int | None) else None,
            **about,
        )
    return gr.Textbox("" if value is None else str(value), max_length=300, **about)
