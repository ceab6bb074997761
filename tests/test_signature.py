import inspect
import math

import pytest

from ppgn_core.options import plugins
from ppgn_core.options.kinds import KINDS
from ppgn_core.options.signature import read
from ppgn_core.options.source import REQUIRED, Unread

SOURCE = '''
from __future__ import annotations
import math
from dataclasses import dataclass, field
from .other import Elsewhere

LAYER = "fc6"

class Condition:
    """First line.

    More of it.

    Args:
        model: the bundle.
        text: the caption,
            over two lines.
        low, high: the range.

    Raises:
        ValueError: never.
    """

    def __init__(self, model, text: str, low: float = -1.0, high: float = 1, *, layer: str = LAYER, angle=math.pi):
        pass

class Heir(Condition):
    """An heir."""

class Handing(Condition):
    """One that hands keys on.

    Args:
        low: its own.
        keys: those of the other.
    """

    def __init__(self, model, low: float = 0.5, extra: int = 2, **keys):
        super().__init__(model, low=low, **keys)

@dataclass
class Prior:
    """A dataclass."""
    sigma: float
    layers: tuple[str, ...] = ("fc6",)
    seed: int = 0
    cache: dict = field(default_factory=dict, init=False)

def factory(model, size: int | None = None):
    """A function."""
'''


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A package whose modules cannot be imported: to be read, they must not be."""
    folder = tmp_path / "unimportable"
    (folder / "sub").mkdir(parents=True)
    (folder / "__init__.py").write_text("raise RuntimeError('imported')")
    (folder / "sub" / "__init__.py").write_text("raise RuntimeError('imported')")
    (folder / "sub" / "module.py").write_text(SOURCE)
    (folder / "sub" / "other.py").write_text("class Elsewhere:\n  'Of another file.'\n  def __init__(self, n=3): ...")
    monkeypatch.syspath_prepend(tmp_path)
    return "unimportable.sub.module"


def test_class(package):
    signature = read(f"{package}:Condition")
    assert signature.summary == "First line."
    assert signature.given == {"model"}
    assert [(k.name, k.annotation, k.default, k.doc) for k in signature.keys] == [
        ("text", "str", REQUIRED, "the caption, over two lines."),
        ("low", "float", -1.0, "the range."),
        ("high", "float", 1, "the range."),
        ("layer", "str", "fc6", ""),
        ("angle", "", Unread("math.pi"), ""),
    ]


def test_dataclass_function_base_class_and_reexport(package):
    assert [(k.name, k.default) for k in read(f"{package}:Prior").keys] == [("sigma", REQUIRED), ("layers", ("fc6",))]
    assert read(f"{package}:Prior").given == {"seed"}
    (size,) = read(f"{package}:factory").keys
    assert (size.name, size.annotation, size.default) == ("size", "int | None", None)
    assert list(map(str, read(f"{package}:Heir").keys)) == list(map(str, read(f"{package}:Condition").keys))
    assert read(f"{package}:Heir").summary == "An heir."
    assert read(f"{package}:Elsewhere").summary == "Of another file."


def test_a_constructor_that_hands_keys_on_has_them_too(package):
    expected = [
        ("low", 0.5, "its own."),
        ("extra", 2, ""),
        ("text", REQUIRED, "the caption, over two lines."),
        ("high", 1, "the range."),
        ("layer", "fc6", ""),
        ("angle", Unread("math.pi"), ""),
    ]
    signature = read(f"{package}:Handing")
    assert [(k.name, k.default, k.doc) for k in signature.keys] == expected
    assert signature.summary == "One that hands keys on." and signature.given == {"model"}

    scope: dict = {"__name__": "scope"}
    exec(
        SOURCE[SOURCE.index("class Condition") : SOURCE.index("@dataclass\nclass")].replace("LAYER", "'fc6'"),
        {"math": math},
        scope,
    )
    imported = read(scope["Handing"])
    assert [k.name for k in imported.keys] == [name for name, *_ in expected]
    assert [k.doc for k in imported.keys] == [doc for *_, doc in expected]


@pytest.mark.parametrize("place", ["no_such_package:A", "unimportable.sub.no:A", "unimportable.sub.module:A"])
def test_missing(package, place):
    with pytest.raises(LookupError, match="no"):
        read(place)


OPTIONS = [(kind, name) for kind in KINDS for name in plugins.registry().names(kind)]


@pytest.mark.parametrize(("kind", "name"), OPTIONS)
def test_source_says_what_the_imported_factory_says(kind, name):
    """Of everything installed: the signature read from the source is the one that Python itself sees."""
    option = plugins.registry().find(kind, name)
    read_, real = option.signature, read(option.load())
    assert [k.name for k in read_.keys] == [k.name for k in real.keys]
    assert read_.given == real.given
    for ours, theirs in zip(read_.keys, real.keys, strict=True):
        assert isinstance(ours.default, Unread) or ours.default == theirs.default
        assert ours.nested == theirs.nested
    assert read_.summary and (inspect.getdoc(option.load()) or "").startswith(read_.summary)
