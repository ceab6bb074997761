"""`ppgn studio`: every command of its pages serves, Ctrl-C ends it, and what cannot be served is said in a line."""

from __future__ import annotations

import re
import shlex
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

from ppgn_core.command.main import main

REPOSITORY = Path(__file__).parents[3]
PAGES = (REPOSITORY / "docs" / "studio.md", REPOSITORY / "plugins" / "ppgn-studio" / "README.md")
LINES = {line for page in PAGES for line in re.findall(r"^    ppgn (studio.*)$", page.read_text("utf-8"), re.MULTILINE)}


def test_the_pages_show_commands():
    assert len(LINES) >= 3


@pytest.mark.parametrize("line", sorted(LINES))
def test_a_command_of_the_pages_serves_until_it_is_interrupted(line, tmp_path):
    arguments = [one for one in shlex.split(line) if not one.startswith("port=")]
    code = "import sys; from ppgn_core.command.main import main; sys.exit(main(sys.argv[1:]))"
    process = subprocess.Popen(
        [sys.executable, "-c", code, *arguments, "port=0"], cwd=tmp_path, stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout
        url = process.stdout.readline().split()[0]
        for _ in range(600):
            try:
                with urllib.request.urlopen(url, timeout=60) as answer:
                    assert answer.status == 200 and b"PPGN studio" in answer.read()
                break
            except OSError:
                assert process.poll() is None
                time.sleep(0.1)
        else:
            raise AssertionError("it did not serve")
    finally:
        process.send_signal(signal.SIGINT)
        code = process.wait(60)
    assert code == 130 and not (tmp_path / "studio").exists()  # nothing is written before something is saved


def test_what_cannot_be_served(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("file").write_text("")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        for arguments, told in (
            ((f"port={port}",), f"port={port}: Address already in use; allowed is one that is free, or 0"),
            (("out=file",), "out=file: it is a file; allowed is a folder"),
            (("prior=nobody",), "prior=nobody: no such option"),
            (("chains=0",), "chains=0: must be a whole number from 1 up to 256"),
            (("epsilon1=-1",), "epsilon1=-1: must be a number from 0"),
        ):
            assert main(["studio", *arguments]) == 2
            err = capsys.readouterr().err
            assert told.split(":")[0] in err and err.count("\n") == 1, err
            assert told in err or told.startswith("prior"), err
    assert {path.name for path in tmp_path.iterdir()} == {"file"}
