"""The server without a browser: what it serves, what it refuses, and what is left of clients that go away."""

from __future__ import annotations

import base64
import gc
import io
import json
import os
import random
import resource
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from PIL import Image

from .clients import Client

HARD = bool(os.environ.get("PPGN_HARD"))
"""Whether the long forms of these tests run."""

SECRET = "what nobody may read"
PLACES = ("etc/passwd", "~/.ssh/id_rsa", "C:\\Windows\\win.ini", "http://127.0.0.1:1/", "\x7f")
ROOTS = (
    *("/", "/file=", "/gradio_api/file=", "/gradio_api/file/", "/static/", "/assets/", "/gradio_api/proxy="),
    *("/gradio_api/stream/a/b/c/d.ts", "/monitoring", "/gradio_api/upload", "/svelte/", "/login", "/custom_component/"),
    *("/gradio_api/vibe-code/", "/gradio_api/component_server", "/gradio_api/call/x", "/gradio_api/run/predict"),
)
WORDS = (
    *("<script>alert(1)</script>", "${oc.env:HOME}", "a" * 100_000, "\x00", "{{7*7}}", "'; rm -rf ~", "null", "нет"),
    *("name: !!python/object", "[" * 5000, "../" * 50, "1e999", "lemon,goldfish", "_target_: os.system"),
)


@pytest.fixture(scope="module")
def studio(serve):
    return serve("experiment=toy", sessions=20, steps=200)


def until(true, seconds=30.0):
    ends = time.monotonic() + seconds
    while not (value := true()):
        assert time.monotonic() < ends
        time.sleep(0.05)
    return value


def succeeds(client, **changed):
    """Whether the chains start: at first the queue may be full of what others have sent."""
    begin = client.event("pane-a-start", "click")
    status, _ = client.send(begin, client.form("a", **changed))
    if status != 200:
        return False
    return next(one for one in client.messages() if one["msg"] == "process_completed")["success"]


def picture(size=(40, 30), kind="png", mode="RGB"):
    buffer = io.BytesIO()
    Image.new(mode, size, "teal").save(buffer, kind, compress_level=1)
    return f"data:image/{kind};base64," + base64.b64encode(buffer.getvalue()).decode()


def memory() -> float:
    """Memory of this process in MB; where there is no /proc, its peak."""
    statm = Path("/proc/self/statm")
    if statm.exists():
        return int(statm.read_text().split()[1]) * resource.getpagesize() / 2**20
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**10


def files(folder: Path) -> dict[str, int]:
    return {str(path): path.stat().st_mtime_ns for path in sorted(folder.rglob("*")) if path.is_file()}


def test_chains_are_started_watched_and_saved(studio):
    client = Client(studio.port)
    assert client.start(n_chains=2, n_steps=4)["success"]
    status, pictures, trace, line, python, *_ = until(lambda: (now := client.poll()) and "finished" in now[0] and now)
    assert "step 4 of 4" in status and pictures.count('<img src="data:image/png;base64,') == 2 and "<svg" in trace
    assert line.startswith("python -m ppgn_core experiment=toy") and python.startswith("from ppgn_core import sample")
    folder = Path(client.click("pane-a-save")["output"]["data"][0])
    assert folder.is_relative_to(studio.folder / "out") and (folder / "grid.png").exists()


def test_two_settings_run_side_by_side(studio):
    client = Client(studio.port)
    client.start("a", n_steps=3)
    client.start("b", n_steps=5, pane_b_epsilon3=0.0)
    a, b = (
        until(lambda pane=pane: studio.sessions.find(client.token, pane).status == "finished")
        and studio.sessions.find(client.token, pane)
        for pane in "ab"
    )
    assert (a.step, b.step) == (3, 5) and b.chains.config.epsilon3 == 0.0 < a.chains.config.epsilon3


def test_nothing_of_the_internet_is_asked_for(studio):
    status, headers, body = Client(studio.port).ask("GET", "/")
    assert status == 200 and "default-src 'self'" in headers["content-security-policy"]
    for word in (b"googleapis", b"gstatic", b"cdnjs", b"huggingface.co"):
        assert word not in body


def test_many_clients_of_which_half_vanish(serve):
    n = 20 if HARD else 6
    studio = serve("experiment=toy", sessions=n, idle=600.0)
    before = memory()
    for _ in range(10 if HARD else 1):
        clients = [Client(studio.port) for _ in range(n)]
        with ThreadPoolExecutor(n) as threads:
            begun = list(threads.map(lambda client: client.start(n_chains=1, n_steps=200), clients))
        assert all(one["success"] for one in begun) and len(studio.sessions) == n
        gone, there = clients[: n // 2], clients[n // 2 :]
        for client in gone:
            client.vanish()
        moment = time.monotonic()
        for client in there:
            client.poll()
        studio.sessions.reap(moment)
        assert len(studio.sessions) == n // 2
        until(lambda there=there: all("step" in client.poll()[0] for client in there))
        studio.sessions.reap(time.monotonic())  # they have gone as well
        assert len(studio.sessions) == 0
    gc.collect()
    grown = memory() - before
    print(f"memory grew by {grown:.0f} MB")
    assert grown < 300, f"{grown:.0f} MB"


def test_a_session_ends_when_its_client_is_gone(serve):
    studio = serve("experiment=toy", idle=0.5)
    assert Client(studio.port).start(n_chains=1, n_steps=2000)["success"]
    until(lambda: len(studio.sessions) == 0)


def test_more_sessions_than_allowed_are_refused(serve):
    small = serve("experiment=toy", sessions=1)
    first, second = Client(small.port), Client(small.port)
    assert first.start(n_steps=2)["success"]
    refused = second.start(n_steps=2)
    assert not refused["success"] and "which is its limit" in refused["output"]["error"]
    assert first.start(n_steps=3)["success"]  # in place of its own


@pytest.mark.parametrize(
    ("drawn", "told"),
    [
        (["", ""], "photograph: allowed is a picture file"),
        (["data:text/html;base64,PGI+", ""], "photograph: allowed is a picture file"),
        (["data:image/png;base64,!!!", ""], "photograph: it arrived damaged"),
        (["data:image/svg+xml;base64," + base64.b64encode(b"<svg/>").decode(), ""], "photograph: not a picture"),
        (["data:image/png;base64," + base64.b64encode(b"%!PS\n").decode(), ""], "photograph: not a picture"),
        ([picture((9000, 9000), mode="L"), ""], "photograph: 9000 × 9000 pixels; allowed are 24000000"),
        (["data:image/png;base64," + "A" * 11_500_000, ""], "photograph: allowed are at most 8 MB"),
        ([picture(), ""], "mask: allowed is a picture file"),
    ],
    ids=range(8),
)
def test_only_pictures_of_bounded_size_are_accepted(studio, drawn, told):
    client = Client(studio.port)
    answer = client.start(fill_in=True, drawn=drawn)
    assert not answer["success"] and answer["output"]["error"].startswith(told)
    assert not list((studio.folder / "out").rglob("pictures/*"))


def hostile(rng: random.Random, client: Client, secret: Path) -> tuple[str, str, bytes | None, dict[str, str]]:
    """Draw one hostile request: method, path, body and headers."""
    climb = rng.choice(["../" * rng.randint(1, 9), "%2e%2e%2f" * rng.randint(1, 9), "..%5c" * 4, "/" * 3, ""])
    place, root = rng.choice([str(secret), *PLACES]), rng.choice(ROOTS)
    path = (root + climb + place).replace(" ", "%20").replace("\x7f", "%00")
    method = rng.choice(["GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "HEAD"])
    headers = rng.choice(
        [{}, {"Host": "evil.example"}, {"Origin": "http://evil.example"}, {"Content_Length": "9" * 11}]
    )
    if rng.random() < 0.6:  # a form with hostile values, to the address that takes them
        word = rng.choice([str(secret), *WORDS])
        value = rng.choice([word, [word], {word: word}, {"name": word}, None, True, -1, 1e308, 10**30])
        kind = rng.choice(["model", "prior", "condition", "generator"])
        data = client.form("a", keys={kind: {rng.choice(["text", "rgb", "sigma", word]): value}}, n_steps=2)
        for _ in range(rng.randint(0, 3)):
            data[rng.randrange(1, len(data))] = value
        number = rng.choice([client.event("pane-a-start", "click")["id"], rng.randrange(-2, 80)])
        body = {"data": data, "fn_index": number, "session_hash": rng.choice([client.hash, word, None])}
        return "POST", "/gradio_api/queue/join", json.dumps(body).encode(), rng.choice([{}, headers])
    return method, path, rng.choice([None, b"{}", b"\xff" * 1000, b"[" * 10_000]), headers


def test_hostile_requests_change_nothing_outside_of_its_folder(serve, tmp_path, monkeypatch):
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("MPLCONFIGDIR", str(tmp_path / "fonts"))  # Gradio imports matplotlib, which lists fonts once
    monkeypatch.chdir(home)
    (home / "secret.txt").write_text(SECRET)
    studio = serve("experiment=toy", sessions=3, idle=1.0, steps=20)
    client, rng, before = Client(studio.port), random.Random(0), files(home)
    answers = []
    n = 5000 if HARD else 150
    for _ in range(n):
        method, path, body, headers = hostile(rng, client, home / "secret.txt")
        try:
            status, _, answer = client.ask(method, path, body, **headers)
        except (OSError, ValueError):  # what the server cuts off, and what http.client itself refuses
            continue
        answers.append(status)
        assert SECRET.encode() not in answer and b"Traceback" not in answer
        assert status != 500
    assert len(answers) > 0.6 * n and files(home) == before
    assert {path.name for path in studio.folder.iterdir()} <= {"out"}
    fresh = Client(studio.port)
    until(lambda: succeeds(fresh, n_steps=2))
    until(lambda: "finished" in fresh.poll()[0])


def test_a_text_is_shown_as_text(studio):
    client = Client(studio.port)
    answer = client.start(choose_condition="toy_colour", keys={"condition": {"<b onload=x>": 1}})
    assert not answer["success"] and "&lt;b onload=x&gt;" in answer["output"]["error"]


def test_another_clients_sessions_are_not_found(studio):
    one, other = Client(studio.port), Client(studio.port)
    one.start(n_steps=2)
    until(lambda: "finished" in one.poll()[0])
    assert not other.click("pane-a-save")["success"]
    other.token = "../../" + "x" * 20
    assert not other.start()["success"]
