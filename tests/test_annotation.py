from pathlib import Path
from typing import Any

import pytest

from ppgn_core.options.annotation import choices, config_type, nested_kind
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
