"""State dicts of other people are read as they were written, or refused; torch itself reads damaged ones."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from ppgn_core.errors import UserError
from ppgn_core.state_dict import FOLDER, read_state_dict

VALUES = {"a": torch.arange(300.0)}


def test_it_is_read_as_it_was_written(tmp_path: Path) -> None:
    torch.save({"state_dict": {"module.a": VALUES["a"]}}, tmp_path / "a.pth")
    assert torch.equal(read_state_dict(tmp_path / "a.pth", "weights=a.pth")["a"], VALUES["a"])


@pytest.mark.parametrize("what", ["a value", "what an entry is"])
def test_a_flipped_bit_is_found(what: str, tmp_path: Path) -> None:
    torch.save(VALUES, tmp_path / "a.pth")
    data = bytearray((tmp_path / "a.pth").read_bytes())
    if what == "a value":
        data[data.index(VALUES["a"][7:9].numpy().tobytes())] ^= 1
    else:
        name = data.rindex(
            b"a/data/0"
        )  # in the archive's table, whose entries hold their attributes before their names
        data[name - 8] ^= FOLDER
    (tmp_path / "a.pth").write_bytes(data)
    assert torch.load(tmp_path / "a.pth", weights_only=True)["a"].shape == (300,)
    with pytest.raises(UserError, match=r"^weights=a.pth: not a state dict \(its .*data/0 is damaged\); allowed are"):
        read_state_dict(tmp_path / "a.pth", "weights=a.pth")
