"""The documentation's site builds strictly, its links lead somewhere, and it loads nothing from elsewhere."""

from __future__ import annotations

import posixpath
import re
import shlex
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from ppgn_core import components
from ppgn_core.config.keys import TOP
from ppgn_core.options.presets import presets

pytest.importorskip("material")
pytest.importorskip("mkdocstrings")

REPOSITORY = Path(__file__).parent.parent
LOADED = {("script", "src"), ("img", "src"), ("link", "href"), ("source", "src"), ("iframe", "src"), ("video", "src")}
"""What a browser fetches by itself."""


class Links(HTMLParser):
    """Ids of a page, what it links to, and what it loads."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.ids: set[str] = set()
        self.links: set[str] = set()
        self.loaded: set[str] = set()
        self.classes: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if value is None:
                continue
            if name == "id":
                self.ids.add(value)
            elif name == "class":
                self.classes |= set(value.split())
            elif (tag, name) in LOADED:
                self.loaded.add(value)
            elif name in ("href", "src"):
                self.links.add(value)


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> Path:
    """The folder that `make site` builds."""
    folder = tmp_path_factory.mktemp("site")
    plan = subprocess.run(["make", "--dry-run", "site"], cwd=REPOSITORY, capture_output=True, text=True, check=True)
    (told,) = re.findall(r"-m (mkdocs build .*)", plan.stdout)
    assert "--strict" in told and "quiet" not in told  # a quiet build overlooks its warnings
    line = [sys.executable, "-m", *shlex.split(told), "--site-dir", str(folder)]
    built = subprocess.run(line, cwd=REPOSITORY, capture_output=True, text=True)
    assert built.returncode == 0, built.stderr
    return folder


@pytest.fixture(scope="module")
def pages(site) -> dict[str, Links]:
    """The site's pages, by their paths in it."""
    files = {path.relative_to(site).as_posix(): path for path in site.rglob("*.html")}
    return {name: Links(path.read_text(encoding="utf-8")) for name, path in files.items()}


def target(page: str, link: str) -> tuple[str, str] | None:
    """Path in the site and anchor that a link leads to, or None if it leads elsewhere."""
    parts = urlsplit(link)
    if parts.scheme or parts.netloc:
        return None
    path = unquote(parts.path)
    if path.startswith("/"):  # the page of errors is shown at any address
        return posixpath.normpath(path).lstrip("/") or "index.html", parts.fragment
    return posixpath.normpath(posixpath.join(posixpath.dirname(page), path)) if path else page, parts.fragment


def test_every_link_and_anchor_leads_somewhere(site, pages):
    wrong = []
    for page, found in pages.items():
        for link in found.links | found.loaded:
            place = target(page, link)
            if place is None:
                continue
            path, anchor = place
            there = (site / path).is_file() or (site / path / "index.html").is_file()
            if not there or (anchor and path in pages and unquote(anchor) not in pages[path].ids | {"__skip", ""}):
                wrong.append(f"{page}: {link}")
    assert not wrong
    assert sum(len(found.links) for found in pages.values()) > 1000


def test_nothing_is_loaded_from_elsewhere(site, pages):
    for page, found in pages.items():
        assert [link for link in found.loaded if target(page, link) is None and not link.startswith("data:")] == []
        assert not {"mermaid", "md-source"} & found.classes  # the theme fetches a script, or figures, for these
    for style in site.rglob("*.css"):
        text = style.read_text(encoding="utf-8")
        assert not re.search(r"(url\(|@import\s*)[\"']?(https?:)?//", text), style


def test_pictures_link_to_themselves_and_wide_ones_scroll(pages):
    assert {"gallery/priors.png", "gallery/monarch.png"} <= pages["gallery.html"].links
    assert {"picture", "wide"} <= pages["gallery.html"].classes
    assert "wide" not in pages["idea.html"].classes


def test_all_that_is_registered_is_in_the_reference(pages):
    for kind, options in components().items():
        assert {*options, *(f"{kind}{name}" for name in presets(kind))} <= pages[f"configuration/{kind}.html"].ids
    assert {f"experiment{name}" for name in presets("experiment")} <= pages["configuration/experiment.html"].ids


def test_the_reference_has_every_key(site):
    def shown(page: str) -> set[str]:
        text = (site / "configuration" / f"{page}.html").read_text(encoding="utf-8")
        return set(re.findall(r"<td><code>([^ ]+?)</code></td>", text.replace("<wbr>", "")))

    assert set(TOP) <= shown("keys")
    for kind, options in components().items():
        keys = {option.at(key.name) for option in options.values() for key in option.signature.keys}
        assert keys <= shown(kind)


def test_the_reference_shows_what_docstrings_say(site):
    """Nothing of Markdown's own is left over, and nothing was taken for it."""
    shown = "".join(path.read_text(encoding="utf-8") for path in (site / "configuration").glob("*.html"))
    text = re.sub(r"<[^>]+>", "", re.sub(r"(?s)<script.*?</script>|<div class=\"language-yaml.*?</div>", "", shown))
    assert not re.search(r"\\[|*_<\[]", text)
    assert "log p(y | x)" in text and "w·σ²·∇log p(y | x)" in text
