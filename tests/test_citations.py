"""Every section, equation, figure and table that is cited is one that the paper has (arXiv 1612.00005, version 2)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parent.parent
PLACES = ("conf", "docs", "plugins", "ppgn_core", "tests")
KINDS = {".py", ".yaml", ".toml", ".md", ".html", ".js"}

SECTIONS = {"1", "2", "2.1", "2.2", "3", "3.1", "3.2", "3.3", "3.4", "3.5", "4", "4.1", "4.2", "5"}
SECTIONS |= {"S6", "S7", "S8", "S9", "S9.1", "S9.2", "S9.3", "S9.4", "S9.5", "S10", "S11", "S12"}
EQUATIONS = {str(n) for n in range(1, 26)}
FIGURES = {str(n) for n in range(1, 8)} | {f"S{n}" for n in range(8, 26)}
TABLES = {"S1", "S2", "S3"}

COMMENT = re.compile(r"\n[ \t]*#?[ \t]*")
"""A line break in prose or in a comment: citations run across it."""

ANOTHERS = re.compile(r"\b(19|20)\d\d, (section|Eq\.|table|Fig\.) [\d.]*\d( (and|to) \d+)?")
"""Of another paper, as in "Wang et al. 2003, Eq. 7": it says so by the year before it."""

# each kind is read from what those before it left: the S15 of a figure is no section
CITED = {
    "Fig.": (FIGURES, re.compile(r"\b[Ff]ig(?:s?\.|ures?)\s((?:S?\d+[a-g]?(?:, | & | and | to )?)+)")),
    "Table": (TABLES, re.compile(r"\bTables?\s((?:S?\d+[a-c]?(?:, | & | and | to )?)+)")),
    "Eq.": (EQUATIONS, re.compile(r"\b[Ee]q(?:s?\.|uations?)\s\(?(\d+(?:(?:, | & | and | to )\d+)*)")),
    "section": (
        SECTIONS,
        re.compile(
            r"(?:\b[Ss]ec(?:\.|tions?)\s|§\s?|(?<![\w.-])(?=S\d))(S?\d+(?:\.\d+)*(?:(?:, | & | and )S?\d+\.\d+)*)"
        ),
    ),
}


def citations(text: str) -> Iterator[tuple[str, str]]:
    """Kind and number of each, such as `("section", "S9.1")`."""
    text = ANOTHERS.sub("", COMMENT.sub(" ", text))
    for kind, (_, pattern) in CITED.items():
        for found in pattern.findall(text):
            for number in re.findall(r"S?\d+(?:\.\d+)*", found):
                yield kind, number
        text = pattern.sub("", text)


def wrong(text: str) -> list[str]:
    """Citations of what the paper does not have."""
    return [f"{kind} {number}" for kind, number in citations(text) if number not in CITED[kind][0]]


def sources() -> list[Path]:
    below = [*REPOSITORY.glob("*"), *(path for place in PLACES for path in (REPOSITORY / place).rglob("*"))]
    made = {"build", "dist"}
    kept = [path for path in below if path.suffix in KINDS and not made & set(path.relative_to(REPOSITORY).parts)]
    return sorted(path for path in kept if path.is_file() and path != Path(__file__))


@pytest.mark.parametrize("path", sources(), ids=lambda path: str(path.relative_to(REPOSITORY)))
def test_what_is_cited_is_in_the_paper(path):
    assert wrong(path.read_text(encoding="utf-8")) == []


def test_there_are_citations_of_every_kind():
    found = {one for path in sources() for one in citations(path.read_text(encoding="utf-8"))}
    assert found >= {("Fig.", "S16"), ("Table", "S2"), ("Eq.", "25"), ("section", "3.5"), ("section", "S9.1")}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a caption (section 4.4 of the paper)", ["section 4.4"]),
        ("a class (section 3.6, S9.4, Eq. 11)", ["section 3.6"]),
        ("sections 3.1 and 3.6; section 2.1, 205 classes", ["section 3.6"]),
        ("the joint prior (§3.4, §3.7)", ["section 3.7"]),
        ("how G is built (S3), how it was trained (S9.6)", ["section S3", "section S9.6"]),
        ("a comment whose section\n# 4.6 stands in the next line", ["section 4.6"]),
        ("Figs. S13 & S26, Fig. 8 and Fig. 3d", ["Fig. S26", "Fig. 8"]),
        ("Table S1, Table S4", ["Table S4"]),
        ("Eq. 13 to 26, Eqs. 5 and 27, equation (28)", ["Eq. 26", "Eq. 27", "Eq. 28"]),
        ("log p of y (Wang et al. 2003, Eq. 70), by Eq. 25", []),
        ("S=3, AWS3, conv_S3, plugins-S2 and MS-SSIM are no sections", []),
    ],
)
def test_what_the_paper_lacks_is_found(text, expected):
    assert wrong(text) == expected
