"""Implement `ppgn index FOLDER`, which writes one page of all runs in a folder: index.html, self-contained."""

from __future__ import annotations

import base64
import html
import io
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

from ..atomic import write_bytes
from ..console import say
from ..errors import UserError
from ..user_input import path

PICTURES = ("strip.png", "grid.png", "plot.png")
MARK = "<!-- runs, by ppgn index -->"
STYLE = """body{font:15px/1.4 system-ui,sans-serif;margin:2rem auto;max-width:76rem;padding:0 1rem;color:#222}
main{display:grid;grid-template-columns:repeat(auto-fill,minmax(17rem,1fr));gap:1.5rem}figure{margin:0}
img{width:100%;height:auto;image-rendering:pixelated}code{display:block;overflow-wrap:anywhere;font-size:12px;color:#555}
b{overflow-wrap:anywhere}@media(prefers-color-scheme:dark){body{background:#181818;color:#ddd}code{color:#aaa}}"""


def show(folder: str = "outputs", side: Annotated[int, ">= 32", "<= 4096"] = 512) -> None:
    """Write index.html in a folder of runs, or of a sweep: each run with its picture, what differs, and its command.

    The page holds its pictures itself, so it can be sent to somebody.

    Args:
        folder: folder with runs in it, at any depth.
        side: largest side of a picture on the page, in pixels.
    """
    place = path(folder, "folder")
    if not place.is_dir():
        raise UserError(f"folder={place}: a file; allowed is a folder of runs")
    page = place / "index.html"
    if page.is_symlink() or (page.exists() and MARK not in page.read_text(encoding="utf-8", errors="replace")[:400]):
        raise UserError(f"folder={place}: it has an index.html that `ppgn index` did not write; move it away first")
    runs = list(_runs(place))
    if not runs:
        raise UserError(f"folder={place}: there is no run in it (run.json); allowed is a folder of runs")
    flat = [dict(_flat(record["config"])) for _, record in runs]
    names = [name for name in sorted(set().union(*flat)) if len({str(one.get(name)) for one in flat}) > 1]
    names = [name for name in names if name not in ("out", "resume", "overwrite") and not name.startswith("writer.")]
    figures = [
        _figure(place, *run, {n: values.get(n) for n in names}, side) for run, values in zip(runs, flat, strict=True)
    ]
    head = f'<!doctype html>\n{MARK}\n<html lang="en"><meta charset="utf-8">'
    head += '<meta name="viewport" content="width=device-width">'
    title = html.escape(f"{len(runs)} runs in {place.resolve().name}")
    body = f"<title>{title}</title><style>{STYLE}</style>\n<h1>{title}</h1>\n<main>\n{''.join(figures)}</main>\n"
    write_bytes(page, f"{head}\n{body}".encode(errors="replace"))
    say(str(page))


def _runs(place: Path) -> Iterator[tuple[Path, dict[str, Any]]]:
    from ..config.resume import read_record

    for file in sorted(
        place.rglob("run.json"), key=lambda one: [int(t) if t.isdigit() else t for t in re.split(r"(\d+)", str(one))]
    ):
        try:
            record = read_record(file.parent, f"{file.parent}")
        except UserError as error:
            say(f"skipped: {error}")
            continue
        if isinstance(record["config"], dict):
            yield file.parent, record


def _flat(config: Any, prefix: str = "") -> Iterator[tuple[str, str]]:
    for name, value in config.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", json.dumps(value, ensure_ascii=False)


def _figure(root: Path, run: Path, record: dict[str, Any], values: dict[str, str | None], side: int) -> str:
    name = html.escape(str(run.relative_to(root)))
    differs = ", ".join(f"{key} {value}" for key, value in values.items() if value is not None)
    picture = next((run / one for one in PICTURES if (run / one).is_file()), None)
    image = _inline(picture, side, f"samples of {name}") if picture else "<p>no picture</p>"
    command = html.escape(str(record.get("command", "")))
    took = html.escape(f"{_steps(record)}, {record.get('seconds')} s")
    return (
        f'<figure><a href="{name}/">{image}</a><figcaption><b>{name}</b> {html.escape(differs)} <small>{took}</small>'
        f"<code>{command}</code></figcaption></figure>\n"
    )


def _steps(record: dict[str, Any]) -> str:
    """Return how many steps a run has made, of how many if it ended early, and how many of its chains stopped."""
    config, made, stopped = record["config"], record.get("step"), record.get("stopped") or []
    steps = f"{made} steps" if made == config.get("n_steps") else f"{made} of {config.get('n_steps')} steps"
    return f"{steps}, {len(stopped)} of {config.get('n_chains')} chains stopped" if stopped else steps


def _inline(file: Path, side: int, alt: str) -> str:
    from ..decoding import decode

    try:
        image = decode(file, "folder").convert("RGB")
    except UserError:
        return "<p>its picture cannot be read</p>"
    image.thumbnail((side, side))
    buffer = io.BytesIO()
    image.save(buffer, "png")
    data = base64.b64encode(buffer.getvalue()).decode()
    size = f'width="{image.width}" height="{image.height}"'
    return f'<img alt="{html.escape(alt)}" {size} src="data:image/png;base64,{data}">'
