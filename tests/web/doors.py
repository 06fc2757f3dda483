"""Asks an ASGI app as a server would, with exactly the head that a test wants."""

import asyncio
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from streams.local.machine.home import Home
from streams.web.guard.policy import Policy, policy_for
from streams.web.guard.visits import Visit, visit_in

HERE = "localhost:8000"
THERE = "trade.example.com"


@dataclass
class Reply:
    status: int
    headers: list[tuple[str, str]]
    body: bytes

    def header(self, name: str) -> str:
        """All of this name."""
        return ", ".join(value for found, value in self.headers if found == name)

    @property
    def detail(self) -> str:
        found = json.loads(self.body)
        assert self.header("content-type") == "application/problem+json"
        assert found["status"] == self.status and found["title"] and found["instance"]
        return str(found["detail"])

    def cookie(self, name: str) -> str:
        """What is sent back."""
        return next(
            (value.partition(";")[0] for _, value in self.headers if value.startswith(f"{name}=")), ""
        )


class Inner:
    """An app that notes what reached it, and shows its visitor the CSRF token where they ask for it."""

    def __init__(self) -> None:
        self.scopes: list[Any] = []
        self.bodies: list[bytes] = []
        self.headers: list[tuple[bytes, bytes]] = [(b"content-type", b"text/plain")]

    @property
    def visit(self) -> Visit:
        return visit_in(self.scopes[-1])

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.scopes.append(scope)
        if scope["type"] == "websocket":
            await send({"type": "websocket.accept"})
            return
        self.bodies.append((await receive())["body"])
        shown = visit_in(scope).csrf if scope["path"] == "/page" else "in"
        await send({"type": "http.response.start", "status": 200, "headers": self.headers})
        await send({"type": "http.response.body", "body": shown.encode()})


def policy(folder: Path, **changed: Any) -> Policy:
    """On this machine."""
    return replace(policy_for(Home(folder), "127.0.0.1", 8000), **changed)


def wide(folder: Path, **changed: Any) -> Policy:
    """Beyond it."""
    return replace(policy_for(Home(folder), "0.0.0.0", 8000, [THERE]), **changed)


def ask(
    app: Any,
    method: str = "GET",
    path: str = "/api/accounts",
    headers: Mapping[str, str] | Iterable[tuple[str, str]] = (),
    body: bytes | list[bytes] = b"",
    **more: Any,
) -> Reply:
    """What a request is answered; `host` is that of this machine unless it is among the headers."""
    return asyncio.run(asking(app, method, path, headers, body, **more))


async def asking(
    app: Any,
    method: str = "GET",
    path: str = "/api/accounts",
    headers: Mapping[str, str] | Iterable[tuple[str, str]] = (),
    body: bytes | list[bytes] = b"",
    **more: Any,
) -> Reply:
    """The same, for those who ask several at once; a body of no pieces does not come."""
    return await _asked(app, _scope("http", method, path, headers, more), body)


def knock(
    app: Any, path: str = "/api/events/ws", headers: Mapping[str, str] | None = None, **more: Any
) -> int:
    """What a WebSocket's handshake is answered; 101: it is let in."""
    scope = _scope("websocket", "GET", path, headers or {}, more)
    scope["extensions"] = {"websocket.http.response": {}}
    return asyncio.run(_asked(app, scope, b"")).status


def _scope(kind: str, method: str, path: str, headers: Any, more: dict[str, Any]) -> dict[str, Any]:
    pairs = list(headers.items()) if isinstance(headers, Mapping) else list(headers)
    if not any(name == "host" for name, _ in pairs):
        pairs.insert(0, ("host", HERE))
    raw, _, query = path.partition("?")
    return {
        "type": kind,
        "method": method,
        "path": unquote(raw),
        "raw_path": raw.encode("latin-1"),
        "query_string": query.encode("latin-1"),
        "headers": [(name.encode(), value.encode("latin-1")) for name, value in pairs if value is not None],
        "client": ("192.0.2.7", 40_000),
        "server": ("192.0.2.1", 8000),
        "scheme": "http" if kind == "http" else "ws",
        **more,
    }


async def _asked(app: Any, scope: dict[str, Any], body: bytes | list[bytes]) -> Reply:
    pieces = [body] if isinstance(body, bytes) else list(body)
    reply = Reply(0, [], b"")

    async def receive() -> dict[str, Any]:
        if not pieces:
            return await asyncio.Future()
        piece = pieces.pop(0)
        return {"type": "http.request", "body": piece, "more_body": bool(pieces)}

    async def send(message: Any) -> None:
        kind = message["type"].removeprefix("websocket.")
        if kind == "accept":
            reply.status = 101
        elif kind == "http.response.start":
            reply.status = message["status"]
            reply.headers = [(name.decode(), value.decode()) for name, value in message["headers"]]
        elif kind == "http.response.body":
            reply.body += message.get("body", b"")

    await app(scope, receive, send)
    return reply
