"""Whatever is typed, and whatever is in a file: a seeded part of what `make hard` tries at length."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hydra.core.override_parser.overrides_parser import OverridesParser
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from safetensors.torch import load_file

from ppgn_core.config import resume
from ppgn_core.config.keys import TOP
from ppgn_core.config.quoting import OWN, quoted
from ppgn_core.errors import UserError
from ppgn_core.model import Label, Labels
from ppgn_core.options import plugins
from ppgn_core.options.kinds import KINDS
from ppgn_core.sampling.sample_filter import parse
from ppgn_core.writers.codes import load_codes

from .conftest import QUICK
from .hard.command_lines import FLAGS, ODD, VALUES
from .hard.forked import tree

FIXED = settings(
    derandomize=True, database=None, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
LETTERS = st.characters(exclude_categories=["Cs", "Cc"])
TYPED = st.text(LETTERS, min_size=1, max_size=30).filter(lambda s: s == s.strip())


@settings(FIXED, max_examples=300)
@given(TYPED)
@example("\\'")
@example("a\\")
def test_text_reaches_its_key_as_it_was_typed(text):
    if OWN.fullmatch(text) or text == "null":  # meant for the grammar itself
        return
    (argument,) = quoted([f"condition.text={text}"], plugins.registry(), sweep=False)
    value = OverridesParser.create().parse_override(argument).value()
    assert str(value) == text


CLASSES = Labels([Label(0, "n01440764", ("tench", "Tinca tinca")), Label(1, "", ("1",)), Label(2, "", ("Crane",))])


@settings(FIXED, max_examples=150)
@given(st.one_of(st.text(), st.integers(), st.floats(), st.none(), st.booleans(), st.sampled_from(["crane", "TENCH"])))
def test_a_class_is_found_or_refused_in_a_line(target):
    try:
        assert CLASSES.find(target) in list(CLASSES)
    except UserError as error:
        assert str(error).startswith("condition.target=") and str(error).isprintable()


@settings(FIXED, max_examples=200)
@given(st.one_of(st.text(), st.from_regex(r"(step|probability|log_prob) ?[<>=!]{1,2} ?-?[0-9.e]{1,400}")))
def test_a_comparison_is_read_or_refused_in_a_line(text):
    try:
        quantity, sign, number = parse(text)
        assert quantity and sign and isinstance(number, float)
    except UserError as error:
        assert str(error).startswith("keep=") and str(error).isprintable()


@pytest.fixture
def run(command) -> Path:
    """A finished run."""
    assert command(*QUICK, "condition.rgb=[1,0,0]", "out=run")[0] == 0
    return Path("run").absolute()


CHANGES = st.lists(st.tuples(st.integers(0, 10**6), st.integers(1, 255)), max_size=3)


@settings(FIXED, max_examples=120)
@given(CHANGES, st.one_of(st.none(), st.integers(0, 10**6)), st.sampled_from(["codes.safetensors", "run.json"]))
def test_damage_is_found_or_there_is_none(run, changes, length, name):
    path, whole = run / name, (run / name).read_bytes()
    data = bytearray(whole)
    for at, flip in changes:
        data[at % len(data)] ^= flip
    data = data[: length % (len(data) + 1)] if length is not None else data
    before, config = load_file(run / "codes.safetensors"), json.loads((run / "run.json").read_text())["config"]
    path.write_bytes(data)
    try:
        if name == "run.json":
            resumed = resume.Resumed.named_in([f"resume={run}"], plugins.registry())
            assert resumed is not None and {key: config[key] for key in resumed.base} == resumed.base
        else:
            saved = load_codes(run)
            assert saved.h.equal(before["h"]) and saved.step == int(before["step"])
    except UserError as error:
        assert str(run) in str(error) and str(error).isprintable()
    finally:
        path.write_bytes(whole)


KEYS = [*TOP, *(f"condition.{key}" for key in ("rgb", "sigma", "nope", "name")), *KINDS, "writer.grid.gap", "a.b"]
PAIRS = st.builds("{}={}".format, st.sampled_from(KEYS), st.sampled_from(VALUES))
PARTS = st.one_of(st.sampled_from([*FLAGS, *ODD]), PAIRS)


@pytest.fixture
def logging_as_it_was() -> Iterator[None]:
    """Hydra's flags set up handlers that write to streams which are gone when the test has ended."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)


@settings(FIXED, max_examples=12)
@given(st.lists(PARTS, min_size=1, max_size=3))
def test_a_command_line_does_it_or_is_refused_in_a_line(command, logging_as_it_was, tmp_path_factory, parts):
    place = tmp_path_factory.mktemp("line")
    os.chdir(place)
    if {"out=/", "hydra.sweep.dir=/", "hydra.run.dir=/"} & set(parts):
        return  # what is asked for would be done
    line = [*QUICK, "condition.rgb=[1,0,0]", "n_steps=1", "writer=[grid,codes]", "out=run", *parts]
    try:
        code, _, err = command(*line)
    except SystemExit as error:  # Hydra's help
        code, err = int(error.code or 0), ""
    assert code in (0, 2), line
    assert code == 0 or (err.startswith("ppgn: ") and err.count("\n") == 1), (line, err)
    assert code == 0 or "-m" in line or "--multirun" in line or "hydra.mode=X" in line or tree(place) == set(), line
