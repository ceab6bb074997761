"""Give every file outside `docs` that a page links to a page of its own on the site: a hook of MkDocs.

READMEs of packages, CONTRIBUTING.md and the like become pages as they are, source files are shown with their lines
numbered, and a folder without a README lists its files. So pages link as they do in the repository.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.files import Files
    from mkdocs.structure.pages import Page

DOCS = Path(__file__).resolve().parent
REPOSITORY = DOCS.parent
LINK = re.compile(r"(\]\(|<(?:img|a) [^>]*?(?:src|href)=\")(?!\w+:|#)([^)#\"\s]+)")
PICTURES = {".png", ".jpg", ".gif", ".svg"}
LANGUAGES = {".py": "python", ".toml": "toml", ".yaml": "yaml", ".yml": "yaml"}

QUIET = "---\nsearch:\n  exclude: true\n---\n\n"
"""What a page of source begins with: those who search look for prose."""

ORIGINS: dict[str, Path] = {}
"""What every page of prose, source or folder is made from, by its place on the site."""


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """List the packages under the heading Packages."""
    names = sorted(path.parent.name for path in REPOSITORY.glob("plugins/*/README.md"))
    headed(config.nav, "Packages").extend({name: f"packages/{name}.md"} for name in names)
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add a page for each file outside `docs` that is linked to, and for those that these link to."""
    from mkdocs.structure.files import File

    ORIGINS.clear()
    ORIGINS.update(origins(config))
    for uri, path in ORIGINS.items():
        if path.is_relative_to(DOCS):
            continue
        if path.suffix in PICTURES:
            files.append(File.generated(config, uri, abs_src_path=str(path)))
        else:
            files.append(File.generated(config, uri, content=text_of(path)))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Turn links between files of the repository into links between pages."""
    uri = page.file.src_uri
    path = ORIGINS.get(uri)
    if path is None or not (path.is_dir() or path.suffix == ".md"):
        return markdown

    def page_of(match: re.Match[str]) -> str:
        target = found(path, match[2])
        return match[1] + posixpath.relpath(place(target), posixpath.dirname(uri) or ".") if target else match[0]

    return LINK.sub(page_of, markdown)


def headed(nav: list | None, heading: str) -> list:
    """Return the list of pages under a heading of the navigation, at any depth.

    Raises:
        LookupError: there is no such heading.
    """
    for title, below in sections(nav):
        if title == heading:
            return below
    raise LookupError(f"mkdocs.yml: nav has no heading {heading}")


def sections(nav: list | None) -> Iterator[tuple[str, list]]:
    for item in nav or []:
        for title, below in item.items() if isinstance(item, dict) else ():
            if isinstance(below, list):
                yield title, below
                yield from sections(below)


def origins(config: MkDocsConfig) -> Iterator[tuple[str, Path]]:
    """Find what is linked to, from the pages of `docs` and of the navigation on."""
    items = [item for _, below in sections(config.nav) for item in below if isinstance(item, dict)]
    named = [uri for item in items for uri in item.values() if isinstance(uri, str)]
    waiting = [REPOSITORY / uri.removeprefix("files/").removesuffix(".md") for uri in named if uri.startswith("files/")]
    waiting = [path if path.exists() else path.with_name(f"{path.name}.md") for path in waiting]
    waiting += [REPOSITORY / "README.md", *REPOSITORY.glob("plugins/*/README.md"), *DOCS.rglob("*.md")]
    seen: set[Path] = set()
    while waiting:
        path = waiting.pop()
        if path in seen:
            continue
        seen.add(path)
        yield place(path), path
        if path.is_dir() or path.suffix == ".md":
            targets = [found(path, link) for _, link in LINK.findall(text_of(path))]
            waiting += [to for to in targets if to and (to.suffix == ".md" or not to.is_relative_to(DOCS))]


def text_of(path: Path) -> str:
    """Return a page's Markdown, with links as in the repository."""
    name = path.relative_to(REPOSITORY).as_posix()
    if path.is_dir():
        files = sorted(file for file in path.rglob("*") if file.suffix in (".md", *LANGUAGES))
        below = [file.relative_to(path).as_posix() for file in files]
        listed = (f"- [`{file}`]({file})\n" for file in below if not re.search(r"egg-info|__pycache__|build/", file))
        return f"{QUIET}# `{name}`\n\n{''.join(listed)}"
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".md":
        return text
    language = LANGUAGES.get(path.suffix, "text")
    return f'{QUIET}# `{name}`\n\n````{language} linenums="1"\n{text.rstrip()}\n````\n'


def found(path: Path, link: str) -> Path | None:
    """Return the file that a link of a page leads to, a folder's README if it has one; None if there is nothing."""
    target = ((path if path.is_dir() else path.parent) / link).resolve()
    if (target / "README.md").is_file():
        target = target / "README.md"
    return target if target.exists() and target.is_relative_to(REPOSITORY) else None


def place(path: Path) -> str:
    """Return where a file of the repository is on the site."""
    parts = path.relative_to(REPOSITORY).parts
    if parts == ("README.md",):
        return "index.md"
    if parts[0] == "docs":
        return "/".join(parts[1:])
    if parts[0] == "plugins" and parts[2:] == ("README.md",):
        return f"packages/{parts[1]}.md"
    name = "/".join(("files", *parts))
    return name if path.suffix == ".md" or path.suffix in PICTURES else f"{name}.md"
