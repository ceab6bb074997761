"""Text reaches its key as it was typed."""

from __future__ import annotations

import pytest
from hydra.core.override_parser.overrides_parser import OverridesParser

from ppgn_core.config.quoting import quoted
from ppgn_core.options import plugins

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
