"""Draw a session as HTML: pictures, status and trace. Whatever came from a user is escaped."""

from __future__ import annotations

import base64
import html
import io
import math
from collections.abc import Collection, Sequence

from PIL import Image

from ppgn_core.data_space import pictures
from ppgn_core.images import to_uint8
from ppgn_core.protocols import Snapshot

from .history import History
from .session import BUILDING, FAILED, Session

COLOURS = ("#1f77b4", "#d62728", "#2ca02c", "#9467bd", "#ff7f0e", "#17becf", "#8c564b", "#e377c2")
WIDTH, HEIGHT, EDGE = 600, 160, 3
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


def png(image: Image.Image, side: int = 0) -> str:
    """Write a picture as a `data:` address, enlarged by a whole factor to at least `side`."""
    if times := max(1, -(-side // max(image.size))) if side else 0:
        image = image.resize((times * image.width, times * image.height), Image.Resampling.NEAREST)
    buffer = io.BytesIO()
    image.save(buffer, "png", compress_level=1)
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()


def frame(session: Session, snapshot: Snapshot, row: dict[str, list[float]]) -> str:
    """Draw the chains of one step, each with what the condition says of it."""
    chains = session.chains
    drawn = pictures(snapshot.state.x, chains.context.generator) if chains else None
    if drawn is None:
        return "<p>These data are not pictures.</p>"
    figures = []
    for k, image in enumerate(to_uint8(drawn)):
        name, value = ("p", row["probability"][k])
        if math.isnan(value):
            name, value = ("log p", row["log_prob"][k])
        gone = " discarded" if k in session.discarded else ""
        alt = f"chain {k} at step {snapshot.state.step}"
        figures.append(
            f'<figure class="chain{gone}"><img src="{png(Image.fromarray(image))}" alt="{alt}">'
            f"<figcaption>{k} · {name} {value:.3g}</figcaption></figure>"
        )
    return f'<div class="chains" data-step="{snapshot.state.step}">{"".join(figures)}</div>'


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
    """Plot a quantity of every step, one line for each chain, as SVG."""
    name = quantity if quantity in NAMES else "log_prob"
    rows = [row[name] for row in history.rows]
    finite = [value for row in rows for value in row if math.isfinite(value)]
    if not finite:
        return f"<p>{NAMES[name]}: not known.</p>"
    low, high = min(finite), max(finite)
    high = high if high > low else low + 1
    steps, last = history.steps, max(history.steps[-1], 1)
    lines = []
    for k in range(len(rows[0])):
        points = [(steps[i], rows[i][k]) for i in _thinned(len(steps))]
        at = " ".join(f"{_x(s, last):.1f},{_y(v, low, high):.1f}" for s, v in points if math.isfinite(v))
        faint = ' opacity="0.15"' if k in discarded else ""
        lines.append(f'<polyline points="{at}" fill="none" stroke="{COLOURS[k % len(COLOURS)]}"{faint}/>')
    body = f"<title>{NAMES[name]} of every step</title>" + "".join(lines)
    box = f'viewBox="0 0 {WIDTH} {HEIGHT}" preserveAspectRatio="none"'
    numbers = f"<span>{high:.3g}</span><span>{low:.3g}</span>"
    below = f"<span>0</span><span>step {last}</span>"
    svg = f'<svg role="img" {box}>{body}</svg>'
    return f'<div class="trace"><div class="values">{numbers}</div>{svg}<div class="steps">{below}</div></div>'


def _thinned(n: int, most: int = 300) -> Sequence[int]:
    every = max(1, n // most)
    return sorted({*range(0, n, every), n - 1})


def _x(step: float, last: float) -> float:
    return WIDTH * step / last


def _y(value: float, low: float, high: float) -> float:
    return EDGE + (HEIGHT - 2 * EDGE) * (1 - (value - low) / (high - low))
