"""A request, as far as its head says.

Rules of this file: it reads and does not judge, but notes a header that came twice although it decides about
something; of two, each reader could believe another one.
"""

from collections.abc import Mapping
from typing import Any

from streams.web.guard.policy import DATA, is_under

Scope = Mapping[str, Any]
SAFE = frozenset(("GET", "HEAD"))
SESSION = "ghostfill_session"
CSRF_COOKIE = "ghostfill_csrf"
CSRF_HEADER = b"x-ghostfill-csrf"
_SHOWN = 200
_ONCE = frozenset(
    (
        b"authorization", b"content-length", b"content-type", b"host", b"origin", b"sec-fetch-dest",
        b"sec-fetch-mode", b"sec-fetch-site", b"transfer-encoding", CSRF_HEADER,
    )
)  # fmt: skip


class AskedRequest:
    """An HTTP request, or a WebSocket's handshake."""

    __slots__ = ("headers", "is_websocket", "method", "path", "query", "raw_path", "scope", "twice")

    def __init__(self, scope: Scope) -> None:
        self.scope = scope
        self.is_websocket: bool = scope["type"] == "websocket"
        self.method: str = scope.get("method", "GET")
        self.path: str = scope["path"]
        self.raw_path: bytes = scope.get("raw_path") or self.path.encode()
        self.query: bytes = scope.get("query_string", b"")
        self.headers: dict[bytes, bytes] = {}
        self.twice = b""
        """A header that may come once."""
        for name, value in scope["headers"]:
            self._take(name, value)

    def _take(self, name: bytes, value: bytes) -> None:
        if name not in self.headers:
            self.headers[name] = value
        elif name == b"cookie":
            self.headers[name] += b"; " + value
        elif name in _ONCE:
            self.twice = name

    @property
    def is_action(self) -> bool:
        return self.method not in SAFE

    @property
    def is_for_page(self) -> bool:
        """What a person looks at, and no program."""
        return not self.is_websocket and not self.is_action and not is_under(self.path, DATA)

    @property
    def is_from_browser(self) -> bool:
        """A program has none of these, unless it means to."""
        headers = self.headers
        return (
            b"origin" in headers
            or b"sec-fetch-site" in headers
            or b"sec-fetch-mode" in headers
            or b"sec-fetch-dest" in headers
            or b"ghostfill_" in headers.get(b"cookie", b"")
        )

    @property
    def has_body(self) -> bool:
        return b"transfer-encoding" in self.headers or self.headers.get(b"content-length", b"0") != b"0"

    @property
    def client(self) -> str:
        """The address that it came from."""
        client = self.scope.get("client")
        return client[0] if client else ""

    @property
    def is_secure(self) -> bool:
        return self.scope.get("scheme") in ("https", "wss")

    @property
    def shown(self) -> str:
        """Its path, as a problem tells it."""
        return self.raw_path[:_SHOWN].decode("ascii", "backslashreplace")

    def cookie(self, name: str) -> str:
        """Empty when there is none."""
        return cookie_of(self.headers.get(b"cookie", b""), cookie_name(name, is_secure=self.is_secure))


def cookie_name(name: str, *, is_secure: bool) -> str:
    """Over TLS a browser takes it from this host and over TLS alone: nobody else can put one in its place."""
    return f"__Host-{name}" if is_secure else name


def cookie_of(header: bytes, name: str) -> str:
    wanted = name.encode("ascii")
    if wanted not in header:
        return ""
    for each in header.split(b";"):
        found, _, value = each.strip().partition(b"=")
        if found == wanted:
            return value.decode("latin-1")
    return ""
