"""Record which package provides each option, so that an error can name the package to install.

`make bundled` makes the table anew from the installed plugins.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

TABLE = Path(__file__).with_suffix(".json")

EXTRAS = {"joblib": "joblib", "ray": "ray", "submitit_local": "submitit", "submitit_slurm": "submitit"}
"""Extras of the core that bring a launcher, by the launcher's name."""


@cache
def bundled() -> dict[tuple[str, str], str]:
    """Return the package that provides each option and preset, by kind and name."""
    table = json.loads(TABLE.read_text(encoding="utf-8"))
    return {
        (kind, name): package for package, kinds in table.items() for kind, names in kinds.items() for name in names
    }


@cache
def own() -> frozenset[str]:
    """Return the names of the project's own packages."""
    return frozenset({"ppgn-core", *bundled().values()})


def unknown_option(kind: str, name: str, there: list[str]) -> str:
    """Return the error message for an unknown option: what to install, that name elsewhere, and those there."""
    package = bundled().get((kind, name))
    if kind == "hydra/launcher" and name in EXTRAS:
        package = f"ppgn-core[{EXTRAS[name]}]"
    elsewhere = [f"{other}={name}" for other, one in bundled() if one == name and other != kind]
    hint = f"; `pip install {package}` provides it" if package else ""
    if elsewhere and not package:
        hint = f"; there is {' and '.join(elsewhere)}"
    return f"{kind}={name}: no such {kind}{hint}; there are: {', '.join(there) or 'none'}"
