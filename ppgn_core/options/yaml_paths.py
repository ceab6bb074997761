"""Where YAML is found: `conf/`, and the folders that plugins name."""

from __future__ import annotations

import importlib.util
from pathlib import Path

_PACKAGE = Path(__file__).parent.parent
CONF = next(folder for folder in (_PACKAGE / "conf", _PACKAGE.parent / "conf") if folder.is_dir())
"""Inside the package in a wheel, beside it in the repository."""


def folder(place: str) -> Path:
    """The folder that `pkg://package.conf` stands for; nothing below the top package is imported to find it."""
    package, *rest = place.partition("://")[2].replace("/", ".").split(".")
    spec = importlib.util.find_spec(package) if package else None
    places = (spec.submodule_search_locations if spec else None) or ["/no such package"]
    return Path(places[0], *rest)
