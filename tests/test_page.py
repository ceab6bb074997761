"""Help is laid out for the width of the terminal, with colours there alone."""

from __future__ import annotations

import os

import pytest

from ppgn_core.command import page
from ppgn_core.command.page import Page

WORDS = "one two three four five six seven eight nine ten " * 3


@pytest.fixture
def terminal(monkeypatch):
    def of(columns: int, **variables: str) -> Page:
        monkeypatch.setattr(page.sys.stdout, "isatty", lambda: True, raising=False)
        monkeypatch.setattr(page.shutil, "get_terminal_size", lambda fallback: os.terminal_size((columns, 24)))
        monkeypatch.delenv("NO_COLOR", raising=False)
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        return Page()

    return of


def test_a_file_gets_plain_text_of_120_columns():
    made = Page()
    made.heading("keys")
    made.rows([("seed=0", WORDS), ("n_steps=50", "steps")])
    made.heading("examples", "of use")
    lines = str(made).splitlines()
    assert lines[0] == "keys" and "examples  of use" in lines and "\x1b" not in str(made)
    assert max(map(len, lines)) <= 120 and lines[1].startswith("  seed=0            one two")
    assert lines[2].startswith(" " * 20 + "one")  # under the meaning


@pytest.mark.parametrize("columns", [1, 20, 45, 80, 200])
def test_lines_are_no_wider_than_the_terminal(terminal, columns):
    made = terminal(columns, NO_COLOR="1")
    made.text(f"{WORDS}\n{WORDS}\n\n  indented {WORDS}")
    made.rows([("name=value", WORDS, "keys " * 40)])
    assert max(map(len, str(made).splitlines())) <= max(columns, 20)


def test_a_name_without_room_stands_above_its_meaning(terminal):
    made = terminal(60, NO_COLOR="1")
    made.rows([("python -m ppgn_core condition.target=lemon", "a class")])
    assert str(made) == "  python -m ppgn_core condition.target=lemon\n      a class\n"


@pytest.mark.skipif(os.name == "nt", reason="consoles of Windows may print the codes")
def test_colours(terminal):
    made = terminal(80)
    made.heading("keys", "all of them")
    made.rows([("seed=0", "randomness", "dim")])
    assert "\x1b[1mkeys\x1b[0m\x1b[2m  all of them\x1b[0m" in str(made)
    assert "\x1b[36m  seed=0" in str(made) and "\x1b[2mdim\x1b[0m" in str(made)
