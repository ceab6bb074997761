"""Implement `ppgn again RUN|PNG`, which makes a run again from its record or from the text chunk of a picture of it."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ..errors import UserError, shown
from ..user_input import home, key_of, path


def show(run: str, out: str | None = None, overrides: Sequence[str] = ()) -> None:
    """Make a run again: `ppgn again runs/lemon`, or from a picture of it, `ppgn again grid.png`.

    Keys of the run may be given, too: `ppgn again runs/lemon seed=1`.

    Args:
        run: folder of a run, or a PNG that a run made, such as grid.png or one of samples/.
        out: folder for the new run; null for outputs/DATE/TIME.
    """
    from ..config.configure import configure
    from ..config.resume import OF_THIS_RUN, Resumed, read_record
    from ..options import plugins
    from ..run_folder import dated
    from ..sampling.assemble import assemble
    from ..sampling.run import run as sample

    registry, place = plugins.registry(), path(run, "run")
    record = read_record(place, f"run={place}") if place.is_dir() else of_picture(place)
    config, own = configure(overrides, registry, Resumed.of(record, overrides, registry, f"run={place}"))
    before = [one for one in record.get("overrides") or () if isinstance(one, str)]
    line = [one for one in before if one.partition("=")[0] not in OF_THIS_RUN]
    if record.get("start") and any(key_of(one) != "n_steps" for one in line):
        told = f"it went on from step {record['start']} of another run with {shown(' '.join(line))}"
        print(f"ppgn: {place}: {told}; this has these settings from the start", file=sys.stderr)
    folder = home(out, "out") if out else dated(Path("outputs"))
    sample(assemble(config, registry, [*line, *own]), folder.absolute())


def of_picture(place: Path) -> Mapping[str, Any]:
    """Read the record in the text chunks of a PNG.

    Raises:
        UserError: it is no PNG, or no run made it.
    """
    from PIL import Image

    try:
        with Image.open(place, formats=["PNG"]) as picture:
            text = getattr(picture, "text", {})
        record = {name: json.loads(text[name]) for name in ("config", "overrides", "start", "moves") if name in text}
    except (OSError, ValueError, SyntaxError, RecursionError) as error:
        raise UserError(f"run={shown(place)}: not a PNG that can be read ({error})") from error
    if not isinstance(record.get("config"), dict):
        raise UserError(f"run={shown(place)}: it has no record of a run; allowed are PNGs that a run wrote")
    return record
