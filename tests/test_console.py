"""How commands speak and end, whatever is done to their streams."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import time

import pytest

from ppgn_core.console import command
from ppgn_core.errors import UserError


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (UserError("a=1: allowed is 2"), 2, "ppgn: a=1: allowed is 2\n"),
        (OSError(errno.ENOSPC, "No space left on device"), 2, "ppgn: No space left on device\n"),
        (PermissionError(errno.EACCES, "Permission denied", "a.png"), 2, "ppgn: a.png: Permission denied\n"),
        (OSError("ffmpeg ended\nat length"), 2, "ppgn: ffmpeg ended\n"),
        (KeyboardInterrupt(), 130, ""),
        (BrokenPipeError(errno.EPIPE, "Broken pipe"), 0, ""),
    ],
)
def test_what_is_no_bug_is_told_in_a_line(capsys, error, code, said):
    def run() -> int:
        raise error

    assert command("ppgn", run) == code
    assert capsys.readouterr().err == said


def too_much_of_torch() -> int:
    import torch

    torch.empty(1 << 60, dtype=torch.uint8)
    return 0


def too_much_of_numpy() -> int:
    import numpy as np

    np.empty(1 << 60, np.uint8)
    return 0


@pytest.mark.parametrize("run", [too_much_of_torch, too_much_of_numpy])
def test_memory_that_is_not_there_is_told_in_a_line(capsys, run):
    assert command("ppgn", run) == 2
    said = capsys.readouterr().err
    assert said.startswith("ppgn: out of memory; ") and said.count("\n") == 1


@pytest.mark.parametrize("error", [ZeroDivisionError(), RuntimeError("shapes do not fit"), ValueError("x")])
def test_a_bug_is_raised(error):
    def run() -> int:
        raise error

    with pytest.raises(type(error)):
        command("ppgn", run)


def test_a_component_that_finds_no_memory(command, registry):
    from .conftest import QUICK

    class Greedy:
        """Wants too much."""

        def score(self, h, x):
            return h.new_empty(1 << 60)

    registry.register("prior", "greedy", Greedy, "tests")
    code, out, err = command(*QUICK, "condition.rgb=[1,0,0]", "prior=greedy", "out=a")
    assert (code, out, err.count("\n")) == (2, "", 1) and "out of memory" in err and "n_chains" in err


@pytest.mark.parametrize("module", ["ppgn_core", "ppgn_train", "ppgn_eval"])
@pytest.mark.parametrize("encoding", ["latin-1", "ascii", "utf-8"])
def test_help_in_any_encoding(module, encoding):
    environment = {**os.environ, "PYTHONIOENCODING": encoding}
    done = subprocess.run([sys.executable, "-m", module, "--help"], env=environment, capture_output=True)
    assert done.returncode == 0 and done.stderr == b"" and len(done.stdout) > 1000


def test_help_into_a_pipe_that_closes():
    process = subprocess.Popen(
        [sys.executable, "-m", "ppgn_core", "--help"], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stdout and process.stderr
    process.stdout.close()  # before a word is written
    assert process.stderr.read() == b"" and process.wait() == 0


STARTED = """
import runpy, signal, sys
set_handler = signal.signal
def tell(*arguments):
    set_handler(*arguments)
    print("pluggy" in sys.modules, "omegaconf" in sys.modules, flush=True)
signal.signal = tell
sys.argv[0] = "-m"
runpy.run_module(sys.argv.pop(1), run_name="__main__", alter_sys=True)
"""


@pytest.mark.parametrize("seconds", [0, 0.1, 0.4])
@pytest.mark.parametrize("module", ["ppgn_core", "ppgn_train", "ppgn_eval"])
def test_ctrl_c_while_it_starts_is_quiet(tmp_path, module, seconds):
    """The signal comes while something is imported, which begins after that has been provided for."""
    arguments = ["n_steps=1000000", f"out={tmp_path}/run"]
    process = subprocess.Popen(
        [sys.executable, "-c", STARTED, module, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=tmp_path,
    )
    assert process.stdout and process.stdout.readline() == b"False False\n"
    time.sleep(seconds)
    process.send_signal(signal.SIGINT)
    told = process.communicate(timeout=60)[1]
    assert b"Traceback" not in told and told.count(b"\n") <= 1
    assert process.returncode in (0, 2, 130, -signal.SIGINT)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, ["10000", "1", "1"]),
        ({"GOMP_SPINCOUNT": "7", "THP_MEM_ALLOC_ENABLE": "0"}, ["7", "1", "0"]),
        ({"OMP_WAIT_POLICY": "active"}, ["None", "None", "1"]),
    ],
)
def test_torch_has_its_settings_before_it_is_there(given: dict[str, str], expected: list[str]) -> None:
    names = ["GOMP_SPINCOUNT", "KMP_BLOCKTIME", "THP_MEM_ALLOC_ENABLE"]
    program = f"""if True:
        import os, sys
        import ppgn_core.command.main
        from ppgn_core.console import command
        assert "torch" not in sys.modules
        command("ppgn", lambda: print(*map(os.environ.get, {names})) or 0)
    """
    unset = {*names, "OMP_WAIT_POLICY"}
    environment = {name: value for name, value in os.environ.items() if name not in unset} | given
    run = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True)
    assert run.stdout.split() == expected
