from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Literal

import pytest

from ppgn_core import UserError
from ppgn_core.options.registry import Registry
from ppgn_core.protocols import Condition

SIZES: Any = [1, 2]
"""What a tuple is in a config, and stays."""


@dataclass
class Leaf:
    """A leaf."""

    target: int | str
    weight: float = 1.0
    mode: Literal["max", "mean"] = "max"
    sizes: tuple[int, ...] = (1, 2)
    n_steps: int = -1


@dataclass
class Product:
    """Terms."""

    terms: list[Condition] | dict[str, Condition]
    power: float = 1.0


@dataclass
class Scaled:
    """One term."""

    term: Condition
    default: Any = Leaf  # no literal: the config cannot hold it


@pytest.fixture
def registry() -> Registry:
    registry = Registry()
    for factory in (Leaf, Product, Scaled):
        registry.register("condition", factory.__name__.lower(), factory, "a")
    return registry


def test_keys_and_context(registry):
    leaf = registry.build("condition", {"name": "leaf", "target": "orange", "weight": 2}, n_steps=7, seed=3)
    assert leaf == Leaf("orange", 2.0, "max", SIZES, 7)
    assert isinstance(leaf.weight, float)


def test_nested(registry):
    terms = [{"name": "leaf", "target": 1}, {"name": "scaled", "term": {"name": "leaf", "target": 2}}]
    product = registry.build("condition", {"name": "product", "terms": terms}, n_steps=7)
    assert product.terms[0] == Leaf(1, sizes=SIZES, n_steps=7)
    assert product.terms[1].term == Leaf(2, sizes=SIZES, n_steps=7)
    assert product.terms[1].default is Leaf
    named = registry.build("condition", {"name": "product", "terms": {"a": {"name": "leaf", "target": 1}}}, n_steps=7)
    assert named.terms == {"a": Leaf(1, sizes=SIZES, n_steps=7)}


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"name": "lea", "target": 1}, r"condition=lea: no such condition; there are: leaf, product, scaled"),
        ({"name": "leaf"}, r"condition\.target is required by condition=leaf"),
        ({"name": "leaf", "target": 1, "wieght": 2}, r"condition\.wieght: no such key; nearest: weight"),
        ({"name": "leaf", "target": 1, "weight": "x"}, r"condition\.weight=x: must be a number"),
        ({"name": "leaf", "target": 1, "mode": "min"}, r"condition\.mode=min: allowed are max, mean"),
        ({"name": "leaf", "target": 1, "sizes": ["a"]}, r"condition\.sizes=\['a'\]: must be a list, each"),
        (
            {"name": "product", "terms": [{"name": "leaf"}]},
            r"condition\.terms\.0\.target is required by",
        ),
        (
            {"name": "product", "terms": {"a": "lea"}},
            r"condition\.terms\.a\.name=lea: no such condition; .*leaf",
        ),
        ({"name": "product", "terms": {"a": {"target": 1}}}, r"condition\.terms\.a=\{'target': 1\}: allowed is a cond"),
        ({"name": "product", "terms": [2]}, r"condition\.terms\.0=2: allowed is a condition"),
        ({"name": "scaled", "term": None}, r"condition\.term=null: allowed is a condition: its name"),
        (
            {"name": "scaled", "term": {"name": "product", "terms": {"a": {"name": "leaf", "target": 1, "wieght": 2}}}},
            r"condition\.term\.terms\.a\.wieght: no such key; nearest: weight",
        ),
    ],
)
def test_wrong_config(registry, config, message):
    with pytest.raises(UserError, match=message) as error:
        registry.build("condition", config)
    assert "\n" not in str(error.value)


def test_bundled_plugin_that_is_not_installed():
    with pytest.raises(UserError, match=r"condition=lrcn: no such condition; `pip install ppgn-lrcn` provides it"):
        Registry().find("condition", "lrcn")


def test_two_plugins_with_one_name(registry):
    with pytest.raises(UserError, match=r"condition=leaf is registered by both a and b"):
        registry.register("condition", "leaf", Leaf, "b")


def test_no_name(registry):
    with pytest.raises(UserError, match=r"condition=a/b: a name is letters, digits and underscores"):
        registry.register("condition", "a/b", Leaf, "b")


@dataclass
class Bounded:
    """Numbers within bounds."""

    rate: Annotated[float, ">= 0", "< 1"] = 0.5
    sizes: list[int] = (1,)  # type: ignore[assignment]
    deep: Any = None
    even: Annotated[int, ">=0"] = 0


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"rate": 1.0}, "condition.rate=1.0: must be a number from 0 below 1"),
        ({"even": -2}, "condition.even=-2: must be a whole number from 0"),
        ({"rate": -0.5}, "condition.rate=-0.5: must be a number from 0 below 1"),
        ({"rate": float("nan")}, "condition.rate=nan: must be a number from 0 below 1, and finite"),
        ({"sizes": [1, 2**64]}, r"condition.sizes=\[1, 18446744073709551616\]: must be a whole number, of .* 64 bits"),
        ({"rate": 10**400}, "condition.rate=10{39}: must be a number from 0 below 1, of at most 64 bits"),
        ({"deep": {"a": [float("inf")]}}, r"condition.deep.a=\[inf\]: must be a number, and finite"),
        ({"deep": "a\0b"}, r"condition.deep='a\\x00b'…: must be text of at most 10000 characters, none of them NUL"),
    ],
)
def test_values_out_of_bounds(registry, values, message):
    registry.register("condition", "bounded", Bounded, "tests")
    assert registry.build("condition", {"name": "bounded", "rate": 0}).rate == 0
    with pytest.raises(UserError, match=message):
        registry.build("condition", {"name": "bounded", **values})


@pytest.mark.parametrize("place", ["no_such_module:A", "ppgn_core.errors:Nothing"])
def test_factory_that_is_not_there(registry, place):
    registry.register("condition", "lost", place, "ppgn-lost")
    with pytest.raises(UserError, match=r"condition=lost: ppgn-lost cannot be read: "):
        registry.build("condition", {"name": "lost"})


def test_factory_that_cannot_be_imported(registry, tmp_path, monkeypatch):
    (tmp_path / "needy.py").write_text("import no_such_module\ndef make(n: int = 1): 'Needs.'")
    monkeypatch.syspath_prepend(tmp_path)
    registry.register("condition", "needy", "needy:make", "ppgn-needy")
    with pytest.raises(UserError, match=r"condition=needy: ppgn-needy cannot be imported: No module named"):
        registry.build("condition", {"name": "needy"})


def test_reserved_name(registry):
    registry.register("condition", "named", lambda name: None, "b")
    with pytest.raises(UserError, match="must not have a parameter called `name`"):
        registry.build("condition", {"name": "named"})
