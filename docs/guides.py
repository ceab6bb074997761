"""Fill in what the guides for authors of plugins quote from the code: `python docs/guides.py`.

A part that is filled in stands between `<!-- NAME ARGUMENTS -->` and `<!-- end -->`.
"""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

from ppgn_core.command.new_plugin import rendered
from ppgn_core.options import plugins
from ppgn_core.options.signature import argument_docs
from ppgn_core.run_context import RunContext

DOCS = Path(__file__).parent
PART = re.compile(r"(<!-- (module|test|reserved|kinds)(.*?) -->\n).*?(<!-- end -->)", re.DOTALL)


def module(kind: str, name: str) -> str:
    """Return the module that `ppgn new-plugin KIND NAME` writes."""
    registry = plugins.registry()
    return f"```python\n{rendered(registry.kinds[kind], name, registry)[f'{name}.py']}```\n"


def test(kind: str, name: str) -> str:
    """Return the test that `ppgn new-plugin KIND NAME` writes."""
    registry = plugins.registry()
    return f"```python\n{rendered(registry.kinds[kind], name, registry)[f'test_{name}.py']}```\n"


def reserved() -> str:
    """Return a table of the parameters that receive values from the run."""
    docs = argument_docs(RunContext.__doc__ or "")
    names: dict[str, list[str]] = {}
    for field in fields(RunContext):
        names.setdefault(docs[field.name].rstrip("."), []).append(f"`{field.name}`")
    rows = [f"| {', '.join(same)} | {doc} |\n" for doc, same in names.items()]
    return "| parameter | value |\n|---|---|\n" + "".join(rows)


def kinds() -> str:
    """Return a table of the kinds that `ppgn new-plugin` knows, with their guides."""
    rows = []
    for kind in plugins.registry().kinds.values():
        if kind.template:
            guide = f"writing_a_{kind.name}.md"
            link = f"[guide]({guide})" if (DOCS / guide).exists() else ""
            doc = kind.doc.replace("|", "\\|")
            rows.append(f"| `{kind.name}` | {doc} | {kind.package} | {link} |\n")
    return "| kind | what it is | package | |\n|---|---|---|---|\n" + "".join(rows)


def filled(text: str) -> str:
    """Return a page with its parts filled in anew."""

    def fill(match: re.Match[str]) -> str:
        part = {"module": module, "test": test, "reserved": reserved, "kinds": kinds}[match[2]]
        return match[1] + part(*match[3].split()) + match[4]  # type: ignore[operator]

    return PART.sub(fill, text)


if __name__ == "__main__":
    for page in DOCS.glob("writing_a_*.md"):
        page.write_text(filled(page.read_text(encoding="utf-8")), encoding="utf-8")
