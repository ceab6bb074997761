"""Files of weights: memory that torch gave, and tables and tensors that are checked before they are used."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch import nn

from ppgn_core import weights
from ppgn_core.errors import UserError
from ppgn_core.table import Table


@dataclass(frozen=True)
class Part:
    width: int = field(metadata={"most": 9})
    kind: Literal["wide", "narrow"] = "wide"
    dropout: float = 0.0
    padding: int = 0


@dataclass(frozen=True)
class Whole(Table):
    parts: tuple[Part, ...]
    pair: tuple[int, int] = (1, 2)
    name: str = "a"
    flag: bool = False
    top: int | None = None


class Small(weights.ConfiguredNetwork):
    kind, table = "small", Whole

    def __init__(self, config: Whole) -> None:
        super().__init__()
        self.config = config
        n = 3 * config.pair[0] ** 2
        self.layers = nn.Sequential(*(nn.Linear(part.width, n) for part in config.parts))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.int64, torch.uint8])
@pytest.mark.parametrize("letters", range(0, 64, 8))
def test_every_tensor_lies_where_torch_would_put_it(dtype: torch.dtype, letters: int, tmp_path: Path) -> None:
    """Headers of all lengths: safetensors pads them to 8 bytes, and gives out what lies behind them."""
    path, values = tmp_path / "a.safetensors", torch.arange(7).to(dtype)
    weights.save(path, {"a": values, "b": values + 1, "c": torch.zeros(0)}, {"name": "x" * letters})
    found, _ = weights.load(path)
    for name, expected in (("a", values), ("b", values + 1)):
        assert found[name].data_ptr() % 64 == 0
        assert found[name].untyped_storage().nbytes() == found[name].nbytes
        assert torch.equal(found[name], expected.float() if dtype.is_floating_point else expected)


def test_what_safetensors_gives_out_lies_elsewhere(tmp_path: Path) -> None:
    """The reason for the copies; when this fails they may go."""
    places = set()
    for letters in range(0, 64, 8):
        path = tmp_path / f"{letters}.safetensors"
        weights.save(path, {"a": torch.zeros(7)}, {"name": "x" * letters})
        with safe_open(path, "pt") as file:
            places.add(file.get_tensor("a").data_ptr() % 64)
    assert places - {0}


def table(**keys: Any) -> dict[str, Any]:
    return {"parts": [{"width": 2}, {"width": 3, "kind": "narrow"}], **keys}


def test_tables_come_back() -> None:
    made = Whole((Part(2), Part(3, "narrow", 0.5, 1)), (4, 5), "b", True, 6)
    as_json = json.loads(json.dumps({**vars(made), "parts": [vars(part) for part in made.parts]}))
    assert Whole.from_dict(as_json) == made
    assert Whole.from_dict(table()) == Whole((Part(2), Part(3, "narrow")))


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ([1], "the table is a list; allowed is a table of keys"),
        ({}, "parts is missing"),
        (table(other=1), "'other' is none of its keys; allowed are parts, pair"),
        (table(parts=[]), "parts is a list of 0; allowed are lists of 1 to 100"),
        (table(parts=[{"width": 1}] * 101), "parts is a list of 101"),
        (table(parts=[{"width": 1}, {"width": -3}]), r"parts\[1\].width is -3; allowed are whole numbers from 1 to 9"),
        (table(parts=[{"width": 10}]), r"parts\[0\].width is 10"),
        (table(parts=[{"width": True}]), r"parts\[0\].width is True"),
        (table(parts=[{"width": 2.0}]), r"parts\[0\].width is 2.0"),
        (table(parts=[{"width": 10**5000}]), r"parts\[0\].width is a number of more than 64 bits"),
        (table(parts=[{"width": 1, "kind": "long"}]), r"parts\[0\].kind is 'long'; allowed are wide, narrow"),
        (table(parts=[{"width": 1, "dropout": float("nan")}]), "dropout is nan; allowed are numbers from 0 to"),
        (table(parts=[{"width": 1, "dropout": 10**30}]), "dropout is a number of more than 64 bits"),
        (table(parts=[{"width": 1, "padding": -1}]), "padding is -1; allowed are whole numbers from 0"),
        (table(parts=[3]), r"parts\[0\] is 3; allowed is a table"),
        (table(pair=[1]), "pair is a list of 1; allowed are lists of 2"),
        (table(pair="12"), "pair is '12'; allowed are lists of 2"),
        (table(name=""), "name is ''; allowed are words"),
        (table(name="long" * 50), "name is 'longlong"),
        (table(flag=1), "flag is 1; allowed are true and false"),
        (table(top=0), "top is 0; allowed are whole numbers from 1"),
    ],
)
def test_tables_that_are_none(given: Any, told: str) -> None:
    with pytest.raises(ValueError, match=told) as error:
        Whole.from_dict(given)
    assert "\n" not in str(error.value) and len(str(error.value)) < 200


def tensors() -> dict[str, torch.Tensor]:
    return dict(Small(Whole.from_dict(table())).state_dict())


@pytest.mark.parametrize(
    ("given", "kept", "told"),
    [
        ({"small": table()}, {"layers.0.bias": None}, "not of its table, it has no layers.0.bias"),
        ({"small": table()}, {"more": torch.zeros(1)}, "not of its table, which has no more"),
        ({"small": table()}, {"layers.0.bias": torch.zeros(4)}, r"its layers.0.bias is \(4,\) and not \(3,\)"),
        ({"small": table()}, {"layers.0.bias": torch.zeros(3).int()}, "is of the type int32 and not float32"),
        ({"small": table()}, {"layers.0.bias": torch.full((3,), torch.nan)}, "layers.0.bias has values that are not"),
        ({"small": table()}, {"layers.0.bias": torch.full((3,), 1e300, dtype=torch.float64)}, "not finite in float32"),
        ({"small": table()}, {"layers.0.bias": torch.zeros(3, dtype=torch.complex64)}, "of the type C64; allowed are"),
        ({"large": table()}, {}, "no network can be made of its table: not of the kind small, but of large"),
        ({"small": table(pair=[60_000, 60_000])}, {}, "asks for a far larger network than the file's tensors are"),
        ({"small": 3}, {}, "the table is 3"),
        ([1], {}, "its architecture, a table"),
    ],
)
def test_what_is_not_the_network(given: Any, kept: dict[str, Any], told: str, tmp_path: Path) -> None:
    path = tmp_path / "a.safetensors"
    state = {name: value for name, value in {**tensors(), **kept}.items() if value is not None}
    save_file(state, path, {"architecture": json.dumps(given)})
    with pytest.raises(UserError, match=told) as error:
        Small.load(path)
    assert str(error.value).startswith(f"weights={path}: ") and "\n" not in str(error.value)


@pytest.mark.parametrize("text", ["{", "[1]", "null", '{"encoder": 3}', "[" * 100_000, "\0"])
def test_sums_that_are_none(text: str, tmp_path: Path) -> None:
    (tmp_path / "sha256.json").write_text(text)
    with pytest.raises(UserError, match=r"sha256\.json: not a table of checksums; allowed is"):
        weights.digests(tmp_path / "sha256.json")


def test_a_network_is_read_without_being_drawn_at_random_first(tmp_path: Path) -> None:
    def make() -> nn.Module:
        return nn.ModuleList([nn.Linear(8, 8), nn.Conv2d(3, 8, 3), nn.LSTM(8, 8), nn.BatchNorm2d(8)])

    drawn = make().state_dict()
    weights.save(tmp_path / "a.safetensors", drawn, {})
    before = torch.get_rng_state()
    read = weights.made(make, weights.load(tmp_path / "a.safetensors")[0], "a").state_dict()
    assert torch.equal(torch.get_rng_state(), before)
    assert read.keys() == drawn.keys() and all(torch.equal(read[name], value) for name, value in drawn.items())
