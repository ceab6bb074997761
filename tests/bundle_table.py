"""Write bundled.json, the table of the options that each of the project's packages provides, by `make bundled`."""

from __future__ import annotations

import json
from importlib.metadata import entry_points

from ppgn_core.hookspecs import GROUP
from ppgn_core.options import plugins
from ppgn_core.options.bundled import TABLE
from ppgn_core.options.yaml_paths import folder


def installed() -> dict[str, dict[str, list[str]]]:
    """Return the options and presets of the project's installed plugins: their names by package and kind."""
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
