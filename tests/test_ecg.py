"""The example of signals: three packages of strangers, from wheels, that train a generator and draw heart rates."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest

from .fresh import REPOSITORY, Fresh

ECG = REPOSITORY / "examples" / "ecg"
PACKAGES = ("ppgn-ecg", "ppgn-heart-rate", "ppgn-kernel")
CHECKS = """
from ppgn_core.testing import check

ecg = ("generator=ecg", "generator.weights={weights}")
check("condition", "heart_rate", *ecg, "prior=kernel")
check("prior", "kernel", *ecg, "condition=heart_rate")
check("generator", {{"name": "ecg", "weights": "{weights}"}}, "condition=heart_rate", "prior=kernel")
"""


def rate(signal: np.ndarray) -> float:
    """Beats per minute, by counting what rises above half of the highest peak."""
    signal = signal - np.median(signal)
    beats = np.flatnonzero(np.diff((signal > signal.max() / 2).astype(int)) == 1)
    return float(60 * 64 / np.diff(beats).mean()) if len(beats) > 1 else float("nan")


@pytest.mark.long
def test_signals_of_a_given_heart_rate(tmp_path_factory, tmp_path):
    fresh = Fresh(tmp_path_factory.mktemp("ecg"), ["core"])
    for name in PACKAGES:  # copies, as setuptools builds in place
        copy = fresh.folder / name
        for file in (ECG / name).rglob("*"):
            if file.suffix in (".py", ".toml", ".yaml"):
                (copy / file.relative_to(ECG / name)).parent.mkdir(parents=True, exist_ok=True)
                (copy / file.relative_to(ECG / name)).write_bytes(file.read_bytes())
    fresh.install(*(fresh.folder / name for name in PACKAGES))
    said = fresh.ppgn(["ecg-train", "steps=1200"], cwd=tmp_path)
    assert float(re.findall(r"error ([\d.]+)", said)[-1]) < 0.02  # the signals' variance is 0.05
    fresh("-c", CHECKS.format(weights=tmp_path / "ecg.safetensors"), cwd=tmp_path)
    for bpm in (60, 90):
        said = fresh.ppgn(["experiment=ecg", f"condition.bpm={bpm}", "n_chains=8", f"out=at{bpm}"], cwd=tmp_path)
        assert said.splitlines()[-1] == f"200 steps: {tmp_path / f'at{bpm}' / 'plot.png'}"
        drawn = [np.load(path) for path in sorted(Path(tmp_path, f"at{bpm}", "samples").glob("*_0200.npy"))]
        trace = [json.loads(line) for line in (tmp_path / f"at{bpm}" / "trace.jsonl").read_text().splitlines()]
        assert np.median([row["probability"] for row in trace if row["step"] == 200]) > 0.7
        assert abs(np.nanmedian([rate(signal) for signal in drawn]) - bpm) < 8
