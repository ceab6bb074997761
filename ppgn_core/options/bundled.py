"""Record which package provides each option, so that an error can name the package to install.

`make bundled` regenerates the table from the installed plugins.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

TABLE = Path(__file__).with_suffix(".json")


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


def installed() -> dict[str, dict[str, list[str]]]:
    """Make the same table from the installed plugins of the project: names by package and kind."""
    from importlib.metadata import entry_points

    from ..hookspecs import GROUP
    from . import plugins
    from .yaml_paths import folder

    registry = plugins.registry()
    table: dict[str, dict[str, set[str]]] = {}
    for kind in registry.kinds:
        for name in registry.names(kind):
            table.setdefault(registry.find(kind, name).package, {}).setdefault(kind, set()).add(name)
    packages = {entry.value: entry.dist.name for entry in entry_points(group=GROUP) if entry.dist}
    for place in plugins.presets():
        package = packages[place.partition("://")[2].partition(".")[0]]
        for file in folder(place).glob("*/*.yaml"):
            table.setdefault(package, {}).setdefault(file.parent.name, set()).add(file.stem)
    own = {package: kinds for package, kinds in table.items() if package.startswith("ppgn-") and package != "ppgn-core"}
    return {package: {k: sorted(names) for k, names in sorted(kinds.items())} for package, kinds in sorted(own.items())}


if __name__ == "__main__":
    TABLE.write_text(json.dumps(installed(), indent=1) + "\n", encoding="utf-8")
