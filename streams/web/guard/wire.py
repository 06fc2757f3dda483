"""How the server reads the network: heads of bounded size, in bounded time, addressed to it.

Rules of this file: what comes before the guard can see a request is bounded here; uvicorn leaves it open.
"""

import asyncio
from functools import partial
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from streams.local.machine import open_files
from streams.web.guard.connections import Connections
from streams.web.guard.policy import Policy

HEAD_BYTES = 64 << 10
"""Besides the first piece that is read, of as much at most."""
HEAD_S = 20.0
MESSAGE_BYTES = 64 << 10
"""Of a WebSocket's message to us."""
OUR_FILES = 512
"""So many open files are left for what is not a connection to us, and for those that are not counted yet."""
BACKLOG = 256
"""So many are accepted at once, before one of them is counted."""


class BoundedHttp(HttpToolsProtocol):
    """Closes a connection whose request does not begin, or whose head does not end."""

    _head_bytes = 0
    _is_in_head = False
    _timer: asyncio.TimerHandle | None = None

    def __init__(self, connections: Connections, **given: Any) -> None:
        super().__init__(**given)
        self._places = connections

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        if self._places.enter(self, self.client[0] if self.client else ""):
            self._expect_head()
        else:
            transport.abort()

    def hang_up(self) -> None:
        self.transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        self._places.leave(self)
        self._expect_no_head()
        super().connection_lost(exc)

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._expect_no_head()
        self._is_in_head, self._head_bytes = True, 0
        self._expect_head()

    def on_headers_complete(self) -> None:
        self._expect_no_head()
        self._is_in_head = False
        if not self.url.startswith(b"/"):
            raise ValueError("the address of another server; this one is not a proxy")
        self._places.work(self)
        super().on_headers_complete()

    def on_response_complete(self) -> None:
        if not self.pipeline:
            self._places.rest(self)
        super().on_response_complete()

    def handle_websocket_upgrade(self) -> None:
        """What speaks on this connection from now on says when it ends."""
        super().handle_websocket_upgrade()
        socket: Any = self.transport.get_protocol()
        lost = socket.connection_lost

        def leave(exc: Exception | None) -> None:
            self._places.leave(self)
            lost(exc)

        socket.connection_lost = leave

    def data_received(self, data: bytes) -> None:
        was_in_head = self._is_in_head
        super().data_received(data)
        if was_in_head and self._is_in_head and not self.transport.is_closing():
            self._head_bytes += len(data)
            if self._head_bytes > HEAD_BYTES:
                self.send_400_response("The head of the request is too large.")

    def _expect_head(self) -> None:
        self._timer = self.loop.call_later(HEAD_S, self.transport.close)

    def _expect_no_head(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


def server_options(policy: Policy) -> dict[str, Any]:
    """What uvicorn is told besides where to listen."""
    room = max(OUR_FILES, open_files.limit() - OUR_FILES)
    connections = Connections(min(policy.max_connections, room), policy.max_connections_each)
    return {
        "http": partial(BoundedHttp, connections),
        "backlog": BACKLOG,
        "proxy_headers": policy.needs_token,
        "forwarded_allow_ips": "127.0.0.1,::1",
        "server_header": False,
        "ws_max_size": MESSAGE_BYTES,
    }
