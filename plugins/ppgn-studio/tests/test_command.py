"""`ppgn studio`: every command of its pages serves, Ctrl-C ends it, and what cannot be served is said in a line."""

from __future__ import annotations

import os
import re
import shlex
import signal
import socket
import threading
import time
import urllib.request
from pathlib import Path

import pytest

from ppgn_core.command.main import main

REPOSITORY = Path(__file__).parents[3]
PAGES = (REPOSITORY / "docs" / "studio.md", REPOSITORY / "plugins" / "ppgn-studio" / "README.md")
SHOWN = re.compile(r"^    ppgn (studio.*)$|`ppgn (studio .+?)`", re.MULTILINE)
LINES = {block or quoted for page in PAGES for block, quoted in SHOWN.findall(page.read_text("utf-8"))}


def test_the_pages_show_commands():
    assert len(LINES) >= 3


def fetched(url: str) -> bytes:
    for _ in range(600):
        try:
            with urllib.request.urlopen(url, timeout=60) as answer:
                return answer.read()
        except OSError:
            time.sleep(0.1)
    raise AssertionError("it did not serve")


@pytest.fixture
def made(tmp_path, monkeypatch):
    """The servers that a command has made, in a folder of its own."""
    from ppgn_studio import server

    monkeypatch.chdir(tmp_path)
    made = []
    build = server.server

    def noted(*given):
        made.append(build(*given))
        return made[-1]

    monkeypatch.setattr(server, "server", noted)
    return made


@pytest.mark.parametrize("line", sorted(LINES))
def test_a_command_of_the_pages_serves(line, made, tmp_path, capsys):
    arguments = [one for one in shlex.split(line) if not one.startswith("port=")]
    thread = threading.Thread(target=main, args=([*arguments, "port=0"],))
    thread.start()
    while not made or not made[0].started:
        assert thread.is_alive()
        time.sleep(0.02)
    url = capsys.readouterr().out.split()[0]
    assert b"PPGN studio" in fetched(url)
    made[0].should_exit = True
    thread.join(30)
    assert not thread.is_alive() and list(tmp_path.iterdir()) == []  # nothing is written before something is saved


def test_ctrl_c_ends_it(made, capsys):
    pages = []

    def interrupt():
        while not made or not made[0].started:
            time.sleep(0.02)
        pages.append(fetched(f"http://127.0.0.1:{made[0].servers[0].sockets[0].getsockname()[1]}"))
        os.kill(os.getpid(), signal.SIGINT)

    thread = threading.Thread(target=interrupt, daemon=True)
    thread.start()
    assert main(["studio", "experiment=toy", "port=0"]) == 130
    thread.join()
    assert pages and capsys.readouterr().err == "ppgn studio: interrupted; what was finished is kept\n"


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
