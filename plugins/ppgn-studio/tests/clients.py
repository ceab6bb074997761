"""A client of the studio that has no browser: it sends what the page's own script sends."""

from __future__ import annotations

import http.client
import json
import secrets
import socket
from collections.abc import Iterator
from typing import Any

KEYS = ("model", "generator", "prior", "condition")


class Client:
    """Send the page's events and read their results."""

    def __init__(self, port: int) -> None:
        self.port, self.hash, self.token = port, secrets.token_hex(6), secrets.token_urlsafe(24)
        self.config = json.loads(self.ask("GET", "/config")[2])
        self.ids = {one["props"].get("elem_id"): one["id"] for one in self.config["components"]}
        self.values = {one["id"]: one["props"].get("value") for one in self.config["components"]}

    def ask(
        self, method: str, path: str, body: bytes | None = None, **headers: str
    ) -> tuple[int, dict[str, str], bytes]:
        """Send one request; return status, headers and body."""
        link = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            given = {name.replace("_", "-"): value for name, value in headers.items()}
            link.request(method, path, body, {"Content-Type": "application/json", **given} if body else given)
            answer = link.getresponse()
            return answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read()
        finally:
            link.close()

    def event(self, name: str, event: str) -> dict[str, Any]:
        """Return what the page knows of an event of a widget, by the widget's `elem_id`."""
        target = [self.ids[name], event]
        return next(one for one in self.config["dependencies"] if target in [list(t) for t in one["targets"]])

    def send(self, dependency: dict[str, Any], data: list[Any]) -> tuple[int, bytes]:
        body = {"data": data, "fn_index": dependency["id"], "session_hash": self.hash, "event_data": None}
        status, _, answer = self.ask("POST", "/gradio_api/queue/join", json.dumps(body).encode())
        return status, answer

    def result(self, dependency: dict[str, Any], data: list[Any]) -> dict[str, Any]:
        """Send an event, and return its outcome: `{"success": …, "output": {"data": […]}}`."""
        status, answer = self.send(dependency, data)
        assert status == 200, answer
        for message in self.messages():
            if message["msg"] == "process_completed":
                return message
        raise AssertionError("the server ended the stream without a result")

    def messages(self) -> Iterator[dict[str, Any]]:
        link = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            link.request("GET", f"/gradio_api/queue/data?session_hash={self.hash}")
            answer = link.getresponse()
            while line := answer.readline():
                if line.startswith(b"data:"):
                    yield json.loads(line[5:])
        finally:
            link.close()

    def form(self, name: str, **changed: Any) -> list[Any]:
        """Return the values of the page's form as the page would send them at first, with some of them changed."""
        dependency = self.event(f"pane-{name}-start", "click")
        names = {number: one for one, number in self.ids.items() if one}
        data = [self.values.get(number) for number in dependency["inputs"]]
        data[0] = self.token
        for at, number in enumerate(dependency["inputs"]):
            if (key := (names.get(number) or "").replace("-", "_")) in changed:
                data[at] = changed[key]
        if "keys" in changed:  # of model, generator, prior and condition, which the page keeps in four hidden boxes
            data[5:9] = [changed["keys"].get(kind, {}) for kind in ("condition", "prior", "model", "generator")]
        data[-2:] = changed.get("drawn", ["", ""])
        return data

    def start(self, name: str = "a", **changed: Any) -> dict[str, Any]:
        return self.result(self.event(f"pane-{name}-start", "click"), self.form(name, **changed))

    def poll(self) -> list[Any]:
        """Ask as the page's timer does; return status, pictures, trace and the rest of pane a."""
        ticks = [one for one in self.config["dependencies"] if one["targets"][0][1] == "tick"]
        dependency = next(one for one in ticks if self.ids["pane-a-status"] in one["outputs"])
        message = self.result(dependency, [self.token, {}, "log_prob", "log_prob"])
        return message["output"]["data"][1:]

    def click(self, name: str, *values: Any) -> dict[str, Any]:
        return self.result(self.event(name, "click"), [self.token, *values])

    def vanish(self) -> None:
        """Send an event and go away in the middle of its answer, without closing anything."""
        body = json.dumps({"data": self.form("a"), "fn_index": 0, "session_hash": self.hash}).encode()
        link = socket.create_connection(("127.0.0.1", self.port))
        head = f"POST /gradio_api/queue/join HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\nContent-Type: application/json"
        link.sendall(f"{head}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body[: len(body) // 2])
        link.close()
