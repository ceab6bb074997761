"""A file of tensors is read as it was written, or not at all: whichever bit of it is flipped."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from ppgn_train import archive
from ppgn_train.cache import cached

VALUE: dict[str, Any] = {"a": torch.arange(300.0), "b": [torch.ones(2, 2), {"c": 5}]}


def test_it_is_read_as_written_by_torch_too(tmp_path: Path) -> None:
    archive.save(tmp_path / "a.pt", VALUE)
    for read in (archive.load(tmp_path / "a.pt"), torch.load(tmp_path / "a.pt", weights_only=True)):
        assert torch.equal(read["a"], VALUE["a"]) and read["b"][1] == {"c": 5}
    assert [path.name for path in tmp_path.iterdir()] == ["a.pt"]


def test_no_flipped_bit_goes_unnoticed(tmp_path: Path) -> None:
    """torch finds a tensor's values by the archive's table, which no checksum of the values covers."""
    archive.save(tmp_path / "a.pt", VALUE)
    data = bytearray((tmp_path / "a.pt").read_bytes())
    for bit in [*range(0, 8 * len(data), 401), *range(8 * (len(data) - 1500), 8 * len(data), 29)]:
        data[bit // 8] ^= 1 << bit % 8
        (tmp_path / "a.pt").write_bytes(data)
        with pytest.raises(Exception):  # noqa: B017, whatever it is
            archive.load(tmp_path / "a.pt")
        data[bit // 8] ^= 1 << bit % 8


@pytest.mark.parametrize("change", [lambda data: data[:-1], lambda data: data + b"x", lambda data: b""])
def test_nor_does_a_changed_length(tmp_path: Path, change: Callable[[bytes], bytes]) -> None:
    archive.save(tmp_path / "a.pt", VALUE)
    (tmp_path / "a.pt").write_bytes(change((tmp_path / "a.pt").read_bytes()))
    with pytest.raises(Exception):  # noqa: B017, whatever it is
        archive.load(tmp_path / "a.pt")


def test_files_of_torch_itself_are_read_as_far_as_their_own_checksums_go(tmp_path: Path) -> None:
    torch.save(VALUE, tmp_path / "a.pt")
    assert torch.equal(archive.load(tmp_path / "a.pt")["a"], VALUE["a"])
    data = bytearray((tmp_path / "a.pt").read_bytes())
    data[data.index(torch.tensor(7.0).numpy().tobytes() + torch.tensor(8.0).numpy().tobytes())] ^= 1
    (tmp_path / "a.pt").write_bytes(data)
    with pytest.raises(ValueError, match="checksum"):
        archive.load(tmp_path / "a.pt")


def test_a_damaged_cache_is_computed_again(tmp_path: Path) -> None:
    def read() -> torch.Tensor:
        return cached(tmp_path, "a.pt", (None, 2), torch.float32, lambda: torch.arange(8.0).view(4, 2))

    expected, path = read(), tmp_path / "a.pt"
    data = bytearray(path.read_bytes())
    data[data.index(torch.tensor(3.0).numpy().tobytes() + torch.tensor(4.0).numpy().tobytes())] ^= 1
    path.write_bytes(data)
    assert not torch.equal(torch.load(path, weights_only=True), expected)
    assert torch.equal(read(), expected) and torch.equal(torch.load(path, weights_only=True), expected)
