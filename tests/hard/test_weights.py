"""A seeded part of the damaged files of weights: each does what it is for, or is refused in a line."""

from __future__ import annotations

import signal
from pathlib import Path
from types import FrameType

import pytest

from ppgn_core.errors import UserError

from .foreign_weights import MARKER
from .weights import NETWORKS, cases, use

SECONDS = 60


def overdue(signum: int, frame: FrameType | None) -> None:
    raise AssertionError(f"not done within {SECONDS} s")


@pytest.mark.parametrize("seed", range(4))
def test_each_is_loaded_or_refused_in_a_line(seed: int, tmp_path: Path) -> None:
    before = signal.signal(signal.SIGALRM, overdue)
    loaded, refused, failed = 0, 0, []
    try:
        for what, path in cases(tmp_path, seed, 150):
            signal.alarm(SECONDS)
            try:
                use(what, path)
                loaded += 1
            except UserError as error:
                refused += 1
                if "\n" in str(error) or str(path) not in str(error) or len(str(error)) > 1000:
                    failed.append((what, str(error)))
            except Exception as error:
                failed.append((what, repr(error)[:300]))
            assert not (path.parent / MARKER).exists(), what
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)
    assert not failed
    assert loaded > 5 and refused > 90


@pytest.mark.parametrize("kind", NETWORKS)
def test_undamaged_networks_are_loaded(kind: str, tmp_path: Path) -> None:
    NETWORKS[kind]().save(tmp_path / "a.safetensors")
    use(f"{kind}: whole", tmp_path / "a.safetensors")
