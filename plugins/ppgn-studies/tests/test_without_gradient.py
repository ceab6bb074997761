"""Samplers that know only scores, beside the gradient, on units of the shipped encoder."""

from pathlib import Path

import pytest
from ppgn_studies.without_gradient import without_gradient


@pytest.mark.long
def test_it_compares_them_and_draws_nothing_twice(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    without_gradient(str(tmp_path), units=[7, 20], pictures=160)
    said = capsys.readouterr().out
    assert all(name in said for name in ("cma_es", "cma_sphere", "evolution", "the gradient")) and said.count("±") == 8
    made = (tmp_path / "cma_es_7" / "trace.jsonl").stat().st_mtime_ns
    without_gradient(str(tmp_path), units=[7, 20], pictures=160)
    assert (tmp_path / "cma_es_7" / "trace.jsonl").stat().st_mtime_ns == made
    assert (tmp_path / "without_gradient.png").exists()
