from pathlib import Path
from typing import Any

import pytest

from ppgn_core.options.annotation import choices, config_type, holds_scalars, nested_kind, requirement
from ppgn_core.options.kinds import KINDS


@pytest.mark.parametrize(
    ("annotation", "expected"),
    [
        ("", Any),
        ("int", int),
        ("'float'", float),
        ("Path", Path),
        ("pathlib.Path", Path),
        ("Tensor", Any),
        ("str | None", str | None),
        ("typing.Optional[bool]", bool | None),
        ("int | str", int | str),
        ("int | str | None", int | str | None),
        ("float | str", float | str | int),
        ("Tensor | int", Any),
        ("list[float]", list[float]),
        ("Sequence[int]", list[int]),
        ("tuple[float, ...]", list[float]),
        ("tuple[int, int]", list[int]),
        ("tuple[int, str]", list[Any]),
        ("list[int] | None", list[int] | None),
        ("dict[str, float]", dict[str, float]),
        ("Annotated[int, 'px']", int),
        ("Literal['a', 'b']", str),
        ("Literal['a', 1]", Any),
    ],
)
def test_config_type(annotation, expected):
    assert config_type(annotation) == expected


@pytest.mark.parametrize(
    ("annotation", "kind"),
    [
        ("Condition", "condition"),
        ("list[Condition]", "condition"),
        ("Sequence[protocols.Prior] | None", "prior"),
        ("dict[str, Condition]", "condition"),
        ("list[float]", None),
        ("", None),
    ],
)
def test_nested_kind(annotation, kind):
    assert nested_kind(annotation, KINDS) == kind


def test_choices():
    assert choices("Literal['max', 'centre']") == ("max", "centre")
    assert choices("str") is None


@pytest.mark.parametrize(
    ("annotation", "words"),
    [
        ("Annotated[int, '>= 1']", "a whole number from 1"),
        ("float | None", "a number from 1 or null"),
        ("typing.Optional[str]", "text or null"),
        ("Literal['a', 'b'] | None", "one of a, b or null"),
        ("Annotated[Sequence[int], '>= 1']", "a list, each a whole number from 1"),
        ("float | list[float]", "a number from 1 or a list, each a number from 1"),
        ("str | list[int | str]", "text or a list, each a whole number from 1 or text"),
        ("Mapping[str, float]", "a mapping"),
        ("tuple[int, str]", "a list"),
        ("list[Tensor]", "a list"),
        ("Tensor", "another value"),
        ("", "another value"),
    ],
)
def test_an_annotation_in_words(annotation, words):
    assert requirement(annotation, " from 1") == words


@pytest.mark.parametrize(
    ("annotation", "expected"),
    [
        ("Sequence[str]", True),
        ("list[float] | None", True),
        ('Annotated[list[int], ">= 1"]', True),
        ("int | str | list[int | str]", False),
        ("list[list[int]]", False),
        ("dict[str, Any]", False),
        ("float", False),
    ],
)
def test_lists_of_scalars(annotation, expected):
    assert holds_scalars(annotation) == expected
