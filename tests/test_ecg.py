"""The example of signals: three packages of strangers, from wheels, that train a generator and draw heart rates."""

from __future__ import annotations

import json
import re

import numpy as np
import pytest

from .fresh import PPGN, REPOSITORY, Fresh

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


@pytest.mark.parametrize(("training", "n_steps"), [(60, 4), pytest.param(1200, 200, marks=pytest.mark.long)])
def test_signals_of_a_given_heart_rate(training, n_steps, tmp_path_factory, tmp_path):
    """From training to curves; what is drawn has that rate once the generator is trained, which takes LONG=1."""
    fresh = Fresh(tmp_path_factory.mktemp("ecg"), ["core"])
    for name in PACKAGES:  # copies, as setuptools builds in place
        copy = fresh.folder / name
        for file in (ECG / name).rglob("*"):
            if file.suffix in (".py", ".toml", ".yaml"):
                (copy / file.relative_to(ECG / name)).parent.mkdir(parents=True, exist_ok=True)
                (copy / file.relative_to(ECG / name)).write_bytes(file.read_bytes())
    fresh.install(*(fresh.folder / name for name in PACKAGES))
    said = fresh(*PPGN, "ecg-train", f"steps={training}", cwd=tmp_path)
    error = float(re.findall(r"error ([\d.]+)", said)[-1])
    fresh("-c", CHECKS.format(weights=tmp_path / "ecg.safetensors"), cwd=tmp_path)
    line = ["-m", "experiment=ecg", "condition.bpm=60,90", "n_chains=8", f"n_steps={n_steps}", "out=at"]
    said = fresh(*PPGN, *line, cwd=tmp_path)
    for bpm, folder in ((60, tmp_path / "at" / "0"), (90, tmp_path / "at" / "1")):
        assert f"{n_steps} steps: {folder / 'plot.png'}" in said.splitlines()
        drawn = [np.load(path) for path in sorted((folder / "samples").glob(f"*_{n_steps:04d}.npy"))]
        trace = [json.loads(line) for line in (folder / "trace.jsonl").read_text().splitlines()]
        assert len(drawn) == 8 and all(np.isfinite(signal).all() for signal in drawn)
        if training == 1200:
            assert error < 0.02  # the signals' variance is 0.05
            assert np.median([row["probability"] for row in trace if row["step"] == n_steps]) > 0.7
            assert abs(np.nanmedian([rate(signal) for signal in drawn]) - bpm) < 8
