"""A preset that somebody wrote and that cannot be used is refused in one line, which names its file or its key."""

from __future__ import annotations

from pathlib import Path

import pytest

from .conftest import QUICK, tree

HEAD = b"# @package _global_\n"

WRONG = {
    "tab": (b"\tn_chains: 1", "experiment/mine.yaml: while scanning for the next token"),
    "alias": (b"n_chains: *x", "experiment/mine.yaml: found undefined alias 'x'"),
    "unclosed": (b"n_chains: [1\n  x: {", "experiment/mine.yaml: while parsing a flow sequence"),
    "list as a key": (b"? [a]\n: 1", "experiment/mine.yaml: while constructing a mapping"),
    "Python's tag": (b"seed: !!python/object/apply:os.mkdir [ran]", "experiment/mine.yaml: could not determine"),
    "control character": (b"seed: \x01", "experiment/mine.yaml: unacceptable character"),
    "not UTF-8": (b"keep: caf\xe9", "experiment/mine.yaml: 'utf-8' codec can't decode byte 0xe9"),
    "a key twice": (b"seed: 1\nseed: 2", "experiment/mine.yaml: while constructing a mapping"),
    "two documents": (b"seed: 1\n---\nseed: 2", "experiment/mine.yaml: expected a single document"),
    "deep": (b"keep: " + b"[" * 5000 + b"]" * 5000, "experiment/mine.yaml: maximum recursion depth"),
    "within itself": (b"keep: &a [*a]", "experiment/mine.yaml: maximum recursion depth"),
    "null as a key": (b"null: 2", "Incompatible key type 'NoneType'"),
    "an interpolation": (b"keep: ${nope}", "Interpolation key 'nope' not found"),
    "a resolver": (b"keep: ${nope:1}", "Unsupported interpolation type nope"),
    "key of a run": (b"n_chain: 1", "n_chain: no such key; nearest: n_chains"),
    "key of a component": (
        b"condition: {rbg: [1, 0, 0]}",
        "experiment/mine.yaml: condition.rbg: no such key; nearest: ",
    ),
    "key of a writer": (b"writer: {grid: {gop: 1}}", "mine.yaml: writer.grid.gop: no such key; nearest: "),
    "a name for a component": (b"condition: mean_colour", "mine.yaml: mean_colour is given where keys of"),
    "a name for the writers": (
        b"writer: grid",
        "writer=grid: an option is chosen by writer=[NAME,…], or in the defaults",
    ),
    "a writer without a name": (b"writer: {foo: {}}", "writer.foo={}: an option is chosen by writer=[NAME,…]"),
    "keys of a writer that is not chosen": (
        b"writer: {strip: {gap: 1}}",
        "writer.strip: its keys are set, but it is not",
    ),
    "type": (b"condition: {sigma: wide}", "experiment/mine.yaml: condition.sigma: must be a number"),
}


@pytest.mark.parametrize(("content", "said"), WRONG.values(), ids=WRONG)
def test_a_broken_preset_is_one_line_and_leaves_nothing(command, content, said):
    Path("mine/experiment").mkdir(parents=True)
    Path("mine/experiment/mine.yaml").write_bytes(HEAD + content)
    code, out, err = command("--config-dir", "mine", *QUICK, "condition.rgb=[1,0,0]", "experiment=mine")
    assert (code, out) == (2, ""), err
    assert err.startswith("ppgn: ") and err.count("\n") == 1, err
    assert said in err
    assert tree(Path()) == {"mine", "mine/experiment", "mine/experiment/mine.yaml"}


def test_a_preset_without_its_package_says_so(command):
    Path("mine/experiment").mkdir(parents=True)
    Path("mine/experiment/mine.yaml").write_text("n_chains: 1\n")
    code, _, err = command("--config-dir", "mine", *QUICK, "condition.rgb=[1,0,0]", "experiment=mine")
    assert code == 2 and "a preset of a group needs `# @package _global_`" in err and err.count("\n") == 1
