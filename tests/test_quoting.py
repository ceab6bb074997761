"""Text reaches its key as it was typed."""

from __future__ import annotations

import pytest
from hydra.core.override_parser.overrides_parser import OverridesParser

from ppgn_core.config.quoting import quoted
from ppgn_core.options import plugins

from .conftest import QUICK

TEXTS = [
    *("oranges", "a red teapot", "it's a cat", "what? (1)!", "é 照", "one, two", "a #1", 'say "hi"', "back\\"),
    *("it\\'s", "null", "true", "No", "1e3", "007", ".5", "inf", "a: b", "$5", "100%", "~/x y.jpg", "Bücher", "a=b"),
    *("{x", "a]", "a\nb", "-", "+", "a>b<c", "[", "*", "@b", "a|b", "a;b", "a&b", "`x`", "ä", "🍊 oranges", "x" * 500),
]


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("key", ["condition.text", "out", "init", "keep", "condition.terms.a.text"])
def test_text_is_what_was_typed(key, text):
    if key != "condition.text" and text == "null":
        return
    (argument,) = quoted([f"{key}={text}"], plugins.registry(), sweep=False)
    override = OverridesParser.create().parse_override(argument)
    assert not override.is_sweep_override()
    assert str(override.value()) == text


def test_a_sweep_goes_over_what_stands_between_commas():
    (argument,) = quoted(["condition.text=a cat!,it's, 007 "], plugins.registry(), sweep=True)
    values = OverridesParser.create().parse_override(argument).sweep_string_iterator()
    assert [value.strip("'").replace("\\", "") for value in values] == ["a cat!", "it's", "007"]


@pytest.mark.parametrize(
    "argument",
    [
        *("keep='a>1'", "keep=null", "keep=choice(null,'a>1')", "-m", "condition.target=[lemon,goldfish]", "n_steps=3"),
        *("condition.target=12", "init=${oc.env:HOME}/a.png", "--config-dir=a b", "writer=[grid,gif]", "epsilon1=1e-3"),
    ],
)
def test_what_needs_no_quotes_gets_none(argument):
    assert quoted([argument], plugins.registry(), sweep=True) == [argument]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["n_chains=é"], "n_chains=é: must be a whole number from 1"),
        (["epsilon1=é!", "-m"], "epsilon1=é!: must be a number from 0"),
        (["sampler=Bücher"], "sampler=Bücher: no such sampler; there are: "),
        (["experiment=a(b"], "experiment=a(b: no such experiment; there are: "),
        (["condition.rbg=a(b)"], "condition.rbg: no such key; nearest: condition.rgb"),
        (["Bücher!=1"], "Bücher!=1: it cannot be read; text in lists and mappings needs quotes"),
        (["writer=[é]"], "writer=[é]: it cannot be read; text in lists and mappings needs quotes"),
        (
            ["condition.terms={a:{text:is it (1)?}}"],
            "terms={a:{text:is it (1)?}}: it cannot be read; text in lists and",
        ),
        (["condition.terms={a:{text:b}"], "terms={a:{text:b}: there are not as many { as }; text that has some needs"),
    ],
)
def test_what_the_grammar_refuses_is_told_as_what_it_is(command, arguments, said):
    code, _, err = command(*QUICK, "condition.rgb=[1,0,0]", *arguments)
    assert code == 2 and said in err and err.count("\n") == 1, err
