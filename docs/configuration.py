"""Write the site's configuration reference from what is registered: a hook of MkDocs.

A page for each kind of component, a page of the keys that belong to none, and a page of experiments. What they say is
what `--help` says, and the YAML of every preset.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from outside import headed

from ppgn_core import UserError, components
from ppgn_core.command.help import meaning, numbers
from ppgn_core.config.keys import TOP
from ppgn_core.options import plugins
from ppgn_core.options.option import Option
from ppgn_core.options.presets import files as preset_files
from ppgn_core.options.presets import presets
from ppgn_core.options.signature import Key
from ppgn_core.options.source import REQUIRED

if TYPE_CHECKING:
    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.files import Files

FOUND_FIRST = "---\nsearch:\n  boost: 2\n---\n\n"
"""What a page begins with: those who search for a key look for its meaning."""

KEYS = "| key | value unless given | what it is |\n|---|---|---|\n"


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """List the pages under the heading Configuration."""
    headed(config.nav, "Configuration").extend(f"configuration/{name}.md" for name in pages())
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages."""
    from mkdocs.structure.files import File

    for name, text in pages().items():
        files.append(File.generated(config, f"configuration/{name}.md", content=FOUND_FIRST + text))
    return files


def pages() -> dict[str, str]:
    """Return the text of every page by its name."""
    kinds = plugins.registry().kinds.values()
    of_kinds = {kind.name: of_kind(kind.name, kind.doc) for kind in kinds}
    return {"keys": top(), "experiment": of_presets("experiment"), **of_kinds}


def top() -> str:
    """Return the page of keys that belong to no component."""
    rows = [(key, value, f"({readable(TOP[key])}) {doc}") for key, value, doc in numbers()]
    return f"""# Keys of a run

These keys belong to no component: `n_steps=100`. Those of a component begin with its kind, as in
`condition.target=lemon`; each kind has a page. All pages of this reference are made from what is installed, by the
same descriptions that `ppgn --help` prints.

{table(rows)}"""


def of_presets(group: str) -> str:
    """Return the page of a group that has presets alone."""
    return f"# {group}\n\nSeveral choices under one name: `{group}=NAME`, or `{group}=[NAME,NAME]`.\n\n" + yaml(group)


def of_kind(kind: str, doc: str) -> str:
    """Return the page of a kind of components."""
    given = f"ppgn {kind.upper()}" if kind == "command" else f"{kind}=NAME"
    head = f"# {kind}\n\nThis kind has {prose(doc)}. They are chosen by `{given}`.\n\n"
    options = "".join(of_option(option) for option in components()[kind].values())
    own = yaml(kind)
    return head + options + (f"## Presets\n\nA preset is a choice of keys under a name.\n\n{own}" if own else "")


def of_option(option: Option) -> str:
    """Return the section of one component: what it does, and its keys."""
    title = f"ppgn {option.name.replace('_', '-')}" if option.kind == "command" else f"{option.kind}={option.name}"
    package = option.package
    if option.origin.own and package != "ppgn-core":
        package = f"[{package}](../packages/{package}.md)"
    try:
        doc, keys = option.signature.doc.partition("\nArgs:")[0], option.signature.keys
    except UserError as error:
        doc, keys = str(error), ()
    rows = [(option.at(key.name), default(key), meaning(key)) for key in keys]
    section = f"## `{title}` {{ #{option.name} }}\n\n{prose(doc.strip())}\n\nPackage: {package}.\n\n"
    return section + (table(rows) if rows else "")


def yaml(group: str) -> str:
    """Return the sections of a group's presets, each with what its file sets."""
    files = preset_files(group)
    parts = []
    for name, comment in presets(group).items():
        lines = files[name].read_text(encoding="utf-8").splitlines()
        text = "\n".join(line for line in lines if line != f"# {comment}").strip()
        parts.append(f"### `{group}={name}`\n\n{prose(comment)}\n\n```yaml\n{text}\n```\n\n")
    return "".join(parts)


def default(key: Key) -> str:
    """Return a key's default as one would type it; empty if it must be given."""
    return "" if key.default is REQUIRED else str(key).partition("=")[2]


def readable(annotation: str) -> str:
    """Return an annotation as `--help` writes it."""
    return re.sub(r"Annotated\[(.*)\]", r"\1", annotation).replace('"', "")


def table(rows: list[tuple[str, str, str]]) -> str:
    cells = (f"| `{key}` | {f'`{value}`' if value else ''} | {prose(doc)} |\n" for key, value, doc in rows)
    return KEYS + "".join(cells) + "\n"


def prose(text: str) -> str:
    """Escape what Markdown would take for its own, except in backquotes and in indented paragraphs."""
    return "\n\n".join(part if part.startswith("    ") else _escaped(part) for part in text.split("\n\n"))


def _escaped(paragraph: str) -> str:
    parts = re.split(r"(`[^`]*`)", paragraph)
    parts[::2] = [re.sub(r"([*_\[\]|])", r"\\\1", part.replace("<", "&lt;")) for part in parts[::2]]
    return "".join(parts)
