"""Sweeps that Hydra's launchers run in other processes leave what a serial one leaves, and fail as it does."""

from __future__ import annotations

import contextlib
import io
import json
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest
from hydra._internal.core_plugins.basic_launcher import BasicLauncher
from PIL import Image

from ppgn_core.command.main import main
from ppgn_core.config.hydra_errors import explain
from ppgn_core.options import bundled, plugins

PACKAGES = {
    "joblib": "hydra_joblib_launcher",
    "joblib_two": "hydra_joblib_launcher",
    "submitit_local": "hydra_submitit_launcher",
    "ray_two": "hydra_ray_launcher",
}
TOY = ["experiment=toy", "n_chains=2", "n_steps=6", "save_every=2", "seed=3"]
TERMS = "condition.terms={a: {name: toy_colour}, b: {name: toy_colour, sigma: 0.2}}"
WEIGHTS = "condition.weights={a: 2},{c: 1}"
"""Weights of a term that there is, and of one that there is not: every second run fails."""
SWEEP = [*TOY, "+writer=strip", "prior=standard_normal,none", "condition=product", TERMS, WEIGHTS]
DEADLY = """
import os, signal, time
from ppgn_core import hookimpl

class Deadly:
    def __init__(self, deadly: bool = False) -> None:
        self.deadly = deadly

    def log_prob(self, x):
        if self.deadly:
            while not os.path.exists("sweep/0/grid.png"):
                time.sleep(0.1)
            time.sleep(1)
            os.kill(os.getpid(), signal.SIGKILL)
        return -x.square().flatten(1).sum(1)

@hookimpl
def register_conditions(register):
    register("deadly", Deadly)
"""
"""A plugin whose condition ends its process, once the run beside it has ended."""
LAUNCH = BasicLauncher.launch


def ppgn(*arguments: str) -> tuple[int, str]:
    """Run a command in a process of its own, as a launcher's processes know nothing of a test's: exit code, stderr."""
    environment = {**os.environ, "RAY_AUTH_MODE": "disabled", "RAY_USAGE_STATS_ENABLED": "0"}
    done = subprocess.run(
        [sys.executable, "-m", "ppgn_core", *arguments], capture_output=True, text=True, env=environment, timeout=300
    )
    return done.returncode, done.stderr


def skip_without(launcher: str) -> None:
    if not (find_spec("hydra_plugins") and find_spec(f"hydra_plugins.{PACKAGES[launcher]}")):
        pytest.skip(f"{PACKAGES[launcher]} is not installed")


def left(sweep: Path) -> dict[str, object]:
    """All that a sweep left, by path: bytes, and of a record what it says of the run, without its time and command."""
    found: dict[str, object] = {}
    for path in sorted(path for path in sweep.rglob("*") if path.is_file()):
        name = str(path.relative_to(sweep))
        if name.startswith(".submitit") or name == "multirun.yaml":  # the launcher's own
            continue
        found[name] = path.read_bytes()
        if path.name == "run.json":
            record = json.loads(path.read_text())
            found[name] = {key: record[key] for key in record.keys() - {"seconds", "chain_steps_per_second", "sha256"}}
        elif name == "sweep.png":
            with Image.open(path) as sheet:  # its text has the whole command, with the launcher
                found[name] = sheet.tobytes()
    return found


@pytest.fixture(scope="module")
def serial(tmp_path_factory) -> dict[str, object]:
    """What the sweep leaves where it was begun, one run after another."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("serial"))
        patch.setattr(sys, "argv", sys.argv)
        patch.setenv("HYDRA_FULL_ERROR", "1")
        with contextlib.redirect_stderr(io.StringIO()) as err:
            code = main(["-m", *SWEEP, "out=sweep"])
        assert code == 2 and err.getvalue().count("\n") == 2, err.getvalue()
        return left(Path("sweep"))


@pytest.mark.parametrize(
    "launcher", [pytest.param(name, marks=pytest.mark.long) if name != "joblib" else name for name in PACKAGES]
)
def test_a_launcher_leaves_what_a_serial_sweep_leaves(launcher, serial, tmp_path, monkeypatch):
    skip_without(launcher)
    monkeypatch.chdir(tmp_path)
    code, err = ppgn("-m", f"hydra/launcher={launcher}", *SWEEP, "out=sweep")
    assert code == 2 and err.count("\n") == 2, err
    assert left(Path("sweep")) == serial
    assert {"sweep.png", "0/codes.safetensors", "0/strip.png"} <= left(Path("sweep")).keys()


def test_a_launcher_of_an_extra_that_is_not_installed(command, monkeypatch):
    monkeypatch.setattr(bundled, "EXTRAS", {"lost": "lost"})
    code, _, err = command("-m", "hydra/launcher=lost", *TOY, "out=sweep")
    assert code == 2 and "`pip install ppgn-core[lost]` provides it" in err and err.count("\n") == 1
    assert not Path("sweep").exists()


def test_a_job_that_slurm_starts_again_continues(command, monkeypatch):
    assert command("-m", *TOY, "n_steps=8", "seed=3,4", "out=whole")[0] == 0

    def twice(launcher, job_overrides, initial_job_idx):
        """Launch each job once with half of the steps, as if it had been stopped, and then as Slurm starts it again."""
        LAUNCH(launcher, [[*overrides, "n_steps=4"] for overrides in job_overrides[:1]], initial_job_idx)
        (Path("sweep/1")).mkdir()
        (Path("sweep/1/run.json")).write_text("{}")  # the second job had not come to its first step
        monkeypatch.setenv("SLURM_RESTART_COUNT", "1")
        return LAUNCH(launcher, job_overrides, initial_job_idx)

    monkeypatch.setattr(BasicLauncher, "launch", twice)
    code, _, err = command("-m", *TOY, "n_steps=8", "seed=3,4", "out=sweep")
    assert code == 0, err
    for name in ("0/codes.safetensors", "0/trace.jsonl", "1/trace.jsonl"):
        assert Path("sweep", name).read_bytes() == Path("whole", name).read_bytes()


@pytest.mark.parametrize("launcher", ["joblib_two", pytest.param("submitit_local", marks=pytest.mark.long)])
def test_a_process_that_dies_costs_no_finished_run(launcher, tmp_path, monkeypatch):
    """The kernel ends a process that takes too much memory; here a condition ends its own."""
    skip_without(launcher)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "deadly.py").write_text(DEADLY)
    (tmp_path / "deadly-1.dist-info").mkdir()
    (tmp_path / "deadly-1.dist-info" / "METADATA").write_text("Metadata-Version: 2.1\nName: deadly\nVersion: 1\n")
    (tmp_path / "deadly-1.dist-info" / "entry_points.txt").write_text("[ppgn]\ndeadly = deadly\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path), prepend=os.pathsep)
    line = [*TOY, "condition=deadly", "condition.deadly=false,true", "out=sweep"]
    code, err = ppgn("-m", f"hydra/launcher={launcher}", *line)
    assert code == 2 and "the launcher failed; what the runs save is kept" in err and "Traceback" not in err, err
    assert Path("sweep/0/grid.png").exists() and Path("sweep/sweep.png").exists()


@pytest.mark.parametrize(("caller", "told"), [("hydra_plugins.launcher", True), ("sklearn.manifold", False)])
def test_only_a_launcher_s_use_of_joblib_is_a_launcher_s_failure(caller, told):
    inner, outer = {"__name__": "joblib.parallel"}, {"__name__": caller}
    exec("def fail(): raise RuntimeError('gone')", inner)
    exec("def call(fail): fail()", outer)
    with pytest.raises(RuntimeError) as raised:
        outer["call"](inner["fail"])
    explained = explain(raised.value, plugins.registry())
    assert (explained is not raised.value) == told
    assert not told or str(explained) == "the launcher failed; what the runs save is kept; joblib says: gone"
