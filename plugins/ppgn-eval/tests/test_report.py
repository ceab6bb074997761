"""The page: whole, escaped, and in a real browser."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from html import unescape
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from ppgn_eval.cells import Cell, formatted
from ppgn_eval.report import markdown, write_report
from ppgn_eval.sections import Figure, Section, Table

NAN = float("nan")
TABLE = Table(
    "Priors",
    ["prior", "accuracy", "ESS"],
    [["none", 9.5, "3.1 ± 0.2"], ["noiseless_joint", 81.25, "–"], ["dae_h", 100, "20 ± 1"], ["joint", NAN, "−1 ± 4"]],
    "Per cent of 640 samples & more.",
)
WIDE = Table("Wide", [f"column number {k}" for k in range(20)], [[k * 1.5 for k in range(20)]])


def figure(title: str, width: int, height: int) -> Figure:
    noise = np.random.default_rng(0).integers(0, 255, (height, width, 3), dtype=np.uint8)
    return Figure(title, Image.fromarray(noise), 'Alike beside alike, "quoted".')


SECTIONS = [
    Section("Metrics <i>", "One & all.\n\nA second paragraph: <script>alert(1)</script>", [TABLE, WIDE]),
    Section("Pictures", "", [figure("Facets", 1500, 300), figure("Small", 64, 64)]),
    Section("Nothing", "", []),
]


@pytest.fixture
def page(tmp_path: Path) -> Path:
    write_report(tmp_path / "deep/report.html", "Mini <& co>", SECTIONS, "seed: 1 # <b>")
    return tmp_path / "deep/report.html"


class Outline(HTMLParser):
    """Elements that are closed in order, their ids and what they refer to."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))
        if tag not in ("meta", "link", "img"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def outline(page: Path) -> list[tuple[str, dict[str, str | None]]]:
    parser = Outline()
    parser.feed(page.read_text(encoding="utf-8"))
    assert parser.open == []
    return parser.seen


def test_elements_close_and_links_lead_somewhere(page: Path) -> None:
    seen = outline(page)
    ids = [attributes["id"] for _, attributes in seen if "id" in attributes]
    assert len(set(ids)) == len(ids) == 3 + 4
    assert [attributes["href"] for tag, attributes in seen if tag == "a"] == [f"#{anchor}" for anchor in ids]
    assert all(attributes["aria-labelledby"] in ids for _, attributes in seen if "aria-labelledby" in attributes)


def test_nothing_outside_the_file_is_asked_for(page: Path) -> None:
    for tag, attributes in outline(page):
        for place in (attributes.get("src"), attributes.get("href")):
            assert place is None or place.startswith("#" if tag == "a" else "data:")
    assert not re.search(r"@import|url\(|fetch|import\(", page.read_text(encoding="utf-8"))


def test_pictures_have_a_size_and_say_what_they_are(page: Path) -> None:
    (facets, small) = [attributes for tag, attributes in outline(page) if tag == "img"]
    assert (facets["width"], facets["height"], facets["decoding"]) == ("1500", "300", "async")
    assert facets["alt"] == 'Facets. Alike beside alike, "quoted".'
    assert small["alt"] != facets["alt"]


def test_text_is_escaped(page: Path) -> None:
    html = page.read_text(encoding="utf-8")
    for given in ("Mini <& co>", "Metrics <i>", "<script>alert(1)</script>", "seed: 1 # <b>", "samples & more"):
        assert given not in html and given in unescape(html)


def test_a_row_that_does_not_fit_is_refused() -> None:
    with pytest.raises(ValueError, match="Priors: a row of 1 cells under 2 columns"):
        Table("Priors", ["a", "b"], [["x"]])


@pytest.mark.parametrize(
    ("column", "wanted"),
    [
        ([78.4, 81.25, 9, "ok", NAN], ["78.40", "81.25", "9.00", "ok", "–"]),
        ([16, 200, -3], ["16", "200", "−3"]),
        ([0.123456, 12345.6], ["0.1235", "12346"]),
        ([1e-5, 0.01, 12345.6], ["1e-05", "0.01", "12346"]),
        ([1e999, -1e999], ["∞", "−∞"]),
        ([], []),
    ],
)
def test_how_a_column_is_shown(column: list[Cell], wanted: list[str]) -> None:
    assert formatted(column) == wanted


def test_the_tables_in_markdown() -> None:
    lines = markdown([*SECTIONS, Section("Odd", "", [Table("Bars", ["a|b"], [["c|d"]])])]).splitlines()
    assert lines[:12] == [
        "## Metrics <i>",
        "",
        "### Priors",
        "",
        "| prior | accuracy | ESS |",
        "| --- | --: | --: |",
        "| none | 9.50 | 3.1 ± 0.2 |",
        "| noiseless_joint | 81.25 | – |",
        "| dae_h | 100.00 | 20 ± 1 |",
        "| joint | – | −1 ± 4 |",
        "",
        "Per cent of 640 samples & more.",
    ]
    assert [line for line in lines if line][-3:] == ["| a\\|b |", "| --- |", "| c\\|d |"]
    assert "## Pictures" not in lines


BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)

PROBE = """
<script>
addEventListener("load", async () => {
  const rows = (table, column) => [...table.tBodies[0].rows].map((row) => row.cells[column].textContent);
  const table = document.querySelector("table");
  const heads = [...table.querySelectorAll("th")];
  const found = { errors, sorted: [], sort: [] };
  for (const column of [1, 1, 2, 0]) {
    heads[column].querySelector("button").focus();
    document.activeElement.click();
    found.sorted.push(rows(table, column));
    found.sort.push(heads.map((head) => head.getAttribute("aria-sort")));
  }
  found.arrow = getComputedStyle(heads[0].firstElementChild, "::after").content;
  found.images = [];
  for (const image of document.images) {
    image.loading = "eager";
    while (!image.complete) await new Promise((done) => setTimeout(done, 20));
    found.images.push([image.naturalWidth, image.clientWidth]);
  }
  document.querySelector("figure button").click();
  found.zoomed = document.images[0].clientWidth;
  found.width = document.documentElement.scrollWidth;
  found.inner = document.documentElement.clientWidth;
  found.scrolls = [...document.querySelectorAll(".scroll")].map((box) => box.scrollWidth > box.clientWidth);
  found.fetched = performance.getEntriesByType("resource").map((entry) => entry.name.slice(0, 5));
  parent.postMessage(JSON.stringify(found), "*");
});
</script>
"""
WATCH = '<script>const errors = []; addEventListener("error", (event) => errors.push(event.message), true);</script>'
FRAME = """<!DOCTYPE html>
<iframe src="probed.html" style="width: {width}px; height: 800px; border: 0"></iframe><pre></pre>
<script>addEventListener("message", (event) => document.querySelector("pre").textContent = event.data);</script>"""


def browse(page: Path, width: int) -> dict:
    """What the page is like in a window of that width, in pixels, after some clicks."""
    html = page.read_text(encoding="utf-8")
    (page.parent / "probed.html").write_text(
        html.replace("<title>", WATCH + "<title>").replace("</body>", PROBE + "</body>")
    )
    frame = page.parent / "frame.html"
    frame.write_text(FRAME.format(width=width))
    flags = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--enable-logging=stderr"]
    done = subprocess.run(
        [str(BROWSER), *flags, f"--user-data-dir={page.parent / 'browser'}", "--window-size=1400,900",
         "--virtual-time-budget=10000", "--dump-dom", frame.as_uri()],
        capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert "CONSOLE" not in done.stderr
    told = re.search(r"<pre>(.+)</pre>", done.stdout)
    assert told, done.stderr
    return json.loads(unescape(told[1]))


@pytest.mark.skipif(BROWSER is None, reason="no browser here: apt-get install chromium")
@pytest.mark.parametrize("width", [1200, 390])
def test_in_a_browser(page: Path, width: int) -> None:
    found = browse(page, width)
    assert found["errors"] == [] and found["fetched"] in ([], ["data:"] * len(found["fetched"]))
    assert found["sorted"] == [
        ["9.50", "81.25", "100.00", "–"],
        ["100.00", "81.25", "9.50", "–"],
        ["−1 ± 4", "3.1 ± 0.2", "20 ± 1", "–"],
        ["dae_h", "joint", "noiseless_joint", "none"],
    ]
    assert found["sort"] == [
        [None, "ascending", None],
        [None, "descending", None],
        [None, None, "ascending"],
        ["ascending", None, None],
    ]
    assert "↑" in found["arrow"]
    assert [natural for natural, _ in found["images"]] == [1500, 64]
    assert found["images"][0][1] < width and found["images"][1][1] == 64
    assert found["zoomed"] == 1500
    assert found["width"] == found["inner"] <= width  # the page itself never scrolls sideways
    assert found["scrolls"] == [False, True, True, False]
