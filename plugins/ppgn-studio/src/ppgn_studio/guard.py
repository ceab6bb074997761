"""Let only the page's own requests through to Gradio: few addresses, from this machine, of bounded size."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Container, MutableMapping
from typing import Any

import orjson

from .limits import Limits

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

HOSTS = re.compile(r"(localhost|127\.0\.0\.1|\[::1\])(:\d{1,5})?", re.ASCII)
"""Names of this machine. Another name that leads here is some other page's trick (DNS rebinding)."""

GET = re.compile(
    r"/|/config/?|/theme\.css|/favicon\.ico|/manifest\.json|/(assets|static)/[\w./-]+"
    r"|/gradio_api/(theme\.css|app_id|info|startup-events|queue/data|heartbeat/\w{1,40})",
    re.ASCII,
)
POST = re.compile(r"/gradio_api/(queue/join|cancel|reset)/?", re.ASCII)
"""What the page asks for. Gradio's uploads, files, proxies and editors are not among it: pictures come and go inside of
events, so no address leads to any file."""

SESSION = re.compile(r"\w{1,40}", re.ASCII)
"""A page's own number, which Gradio's script draws."""

STREAMS = 200
"""Largest number of requests that are answered at a time; a page holds two open."""

HEADERS = {
    "content-security-policy": "default-src 'self' data: blob: 'unsafe-inline' 'unsafe-eval'; frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
}


class Guard:
    """Wrap an ASGI application.

    Args:
        events: numbers of the page's events.
    """

    def __init__(self, app: Any, limits: Limits, events: Container[int]) -> None:
        self.app, self.events = app, events
        self.most = 2 * int(limits.upload * 4 / 3) + 2**16  # a photograph, a mask, and the rest of a form
        self._open = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
        elif scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1008})
        else:
            await self._http(scope, receive, send)

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        host, origin, path, method = headers.get("host", ""), headers.get("origin"), scope["path"], scope["method"]
        if not HOSTS.fullmatch(host) or (origin is not None and origin != f"http://{host}"):
            return await _refuse(send, 403, "the studio answers its own page on this machine alone")
        known = GET if method in ("GET", "HEAD") else POST if method == "POST" else None
        if known is None or not known.fullmatch(path) or ".." in path:
            return await _refuse(send, 404, "not found")
        if method == "POST":
            if not headers.get("content-type", "").startswith("application/json"):
                return await _refuse(send, 415, "allowed is application/json")
            body = await self._body(headers, receive)
            if body is None:
                return await _refuse(send, 413, "too large")
            if not self._understood(path, body):
                return await _refuse(send, 400, "not an event of this page")
            receive = _replayed(body, receive)
        if self._open >= STREAMS:
            return await _refuse(send, 503, "too many pages are open")
        self._open += 1
        try:
            await self.app(scope, receive, _with_headers(send))
        finally:
            self._open -= 1

    def _understood(self, path: str, body: bytes) -> bool:
        """Return whether a body is an event of the page, which Gradio would answer with an error of its own."""
        try:
            event = orjson.loads(body)
        except ValueError:
            return False
        if not isinstance(event, dict) or not SESSION.fullmatch(str(event.get("session_hash"))):
            return False
        number, data = event.get("fn_index"), event.get("data")
        return "join" not in path or (type(number) is int and number in self.events and isinstance(data, list))

    async def _body(self, headers: dict[str, str], receive: Receive) -> bytes | None:
        length = headers.get("content-length", "0")
        if not length.isdigit() or len(length) > 12 or int(length) > self.most:
            return None
        body = bytearray()
        while True:
            message = await receive()
            if message["type"] != "http.request":
                return None
            body += message.get("body", b"")
            if len(body) > self.most:
                return None
            if not message.get("more_body"):
                return bytes(body)


def _replayed(body: bytes, receive: Receive) -> Receive:
    """Return a `receive` that gives the body once more, and then what really comes, such as the client's leaving."""
    told = False

    async def again() -> MutableMapping[str, Any]:
        nonlocal told
        if told:
            return await receive()
        told = True
        return {"type": "http.request", "body": body, "more_body": False}

    return again


def _with_headers(send: Send) -> Send:
    async def sent(message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            own = [(name.encode(), value.encode()) for name, value in HEADERS.items()]
            message = {**message, "headers": [*message.get("headers", ()), *own]}
        await send(message)

    return sent


async def _refuse(send: Send, status: int, why: str) -> None:
    headers = [(b"content-type", b"text/plain; charset=utf-8"), *((n.encode(), v.encode()) for n, v in HEADERS.items())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": why.encode()})
