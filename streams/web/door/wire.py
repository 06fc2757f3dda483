"""How the server reads the network: heads of bounded size, in bounded time, addressed to it.

Rules of this file: what comes before the guard can see a request is bounded here; uvicorn leaves it open.
"""

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from streams.web.door.policy import Policy

HEAD_BYTES = 64 << 10
"""Besides the first piece that is read, of as much at most."""
HEAD_S = 20.0
MESSAGE_BYTES = 64 << 10
"""Of a WebSocket's message to us."""


class BoundedHttp(HttpToolsProtocol):
    """Closes a connection whose request does not begin, or whose head does not end."""

    _head_bytes = 0
    _is_in_head = False
    _timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._expect_head()

    def connection_lost(self, exc: Exception | None) -> None:
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
            raise ValueError("an address of another server; this one is no proxy")
        super().on_headers_complete()

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
    return {
        "http": BoundedHttp,
        "proxy_headers": policy.needs_token,
        "forwarded_allow_ips": "127.0.0.1,::1",
        "server_header": False,
        "ws_max_size": MESSAGE_BYTES,
    }
