"""Draw a session as HTML: pictures or signals, status and trace. Whatever came from a user is escaped."""

from __future__ import annotations

import base64
import html
import math
from collections.abc import Collection, Sequence

import torch
from torch import Tensor

from ppgn_core.data_space import pictures
from ppgn_core.images import encoded, to_uint8
from ppgn_core.protocols import Snapshot

from .curves import COLOURS, bounds, curve, outlines, plot
from .history import History
from .session import BUILDING, FAILED, Session

NAMES = {
    "log_prob": "log p(y | x)",
    "probability": "p(y | x)",
    "prior_norm": "length of the prior's term",
    "condition_norm": "length of the condition's term",
}


def status(session: Session | None) -> str:
    """Say in a line what the session does."""
    if session is None:
        return '<p class="status">Choose, and press Start.</p>'
    if session.status == FAILED:
        return f'<p class="status failed" role="alert">{html.escape(session.error)}</p>'
    chains = session.chains
    if session.status == BUILDING or chains is None:
        return '<p class="status">The networks are being loaded …</p>'
    of = chains.config.n_steps
    moved = f"; moved by hand {len(session.moves)} ×" if session.moves else ""
    ends = getattr(chains.sampler, "noise_ends", 0)
    noisy = f"; until step {ends} only guidance counts" if session.step < ends else ""
    told = f"{session.status}: step {session.step} of {of}{moved}{noisy}"
    return f'<p class="status" data-status="{session.status}">{told}</p>'


def png(data: bytes) -> str:
    """Return the bytes of a PNG as a `data:` address."""
    return "data:image/png;base64," + base64.b64encode(data).decode()


def frame(session: Session, snapshot: Snapshot, row: dict[str, list[float]]) -> str:
    """Draw the chains of one step, each with what the condition says of it: pictures, or signals as curves."""
    chains, history = session.chains, session.glimpse()
    if chains is None or not history.frames:
        return ""
    x, kind = snapshot.state.x, ""
    drawn = pictures(x, chains.context.generator)
    alts = [f"chain {k} at step {snapshot.state.step}" for k in range(len(x))]
    if drawn is not None:
        shown = [
            f'<img src="{png(encoded(image, compress_level=1))}" alt="{alt}">'
            for image, alt in zip(to_uint8(drawn), alts, strict=True)
        ]
    elif x.dim() in (2, 3):
        shown, kind = signals(x, history.frames[0].state.x, alts), " signals"
    else:
        return f"<p>Data of the shape {tuple(x.shape[1:])} are neither pictures nor signals.</p>"
    figures = []
    for k, one in enumerate(shown):
        name, value = ("p", row["probability"][k])
        if math.isnan(value):
            name, value = ("log p", row["log_prob"][k])
        gone = " discarded" if k in session.discarded else ""
        figures.append(f'<figure class="chain{gone}">{one}<figcaption>{k} · {name} {value:.3g}</figcaption></figure>')
    return f'<div class="chains{kind}" data-step="{snapshot.state.step}">{"".join(figures)}</div>'


def signals(x: Tensor, first: Tensor, titles: Sequence[str]) -> list[str]:
    """Plot signals `(B, T)`, or several channels `(B, C, T)`, each above the faint one that it set out from."""
    each = [one.detach().float().cpu().reshape(len(one), -1, one.shape[-1]) for one in (first, x)]
    low, high = bounds(torch.stack(each)) or (0.0, 1.0)
    plots = []
    for before, now, title in zip(*each, titles, strict=True):
        lines = [curve(one, low, high, "currentColor", ' opacity="0.2"') for one in outlines(before)]
        lines += [curve(one, low, high, COLOURS[c % len(COLOURS)]) for c, one in enumerate(outlines(now))]
        plots.append(plot(lines, title, low, high, str(x.shape[-1] - 1)))
    return plots


def live(session: Session) -> str:
    """Draw the chains as they are now."""
    history = session.glimpse()
    return frame(session, history.last, history.rows[-1]) if history.frames else ""


def earlier(session: Session, step: float) -> tuple[int, str]:
    """Draw the held frame that is nearest to a step; return its step with it."""
    history = session.glimpse()
    nearest = min(history.frames, key=lambda one: abs(one.state.step - step))
    at = nearest.state.step
    return at, frame(session, nearest, history.rows[history.steps.index(at)])


def trace(history: History, quantity: str, discarded: Collection[int] = ()) -> str:
    """Plot a quantity of every step, one line for each chain."""
    name = quantity if quantity in NAMES else "log_prob"
    rows = torch.tensor([row[name] for row in history.rows]).T
    ends = bounds(rows)
    if ends is None:
        return f"<p>{NAMES[name]}: not known.</p>"
    lines = []
    for k, values in enumerate(outlines(rows)):
        faint = ' opacity="0.15"' if k in discarded else ""
        lines.append(curve(values, *ends, COLOURS[k % len(COLOURS)], faint))
    return plot(lines, f"{NAMES[name]} of every step", *ends, f"step {max(history.steps[-1], 1)}")
