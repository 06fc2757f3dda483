"""How answers leave: with what makes a browser careful, and never with what lets another site read them.

Rules of this file: an answer passes piece by piece; nothing is held back. What a response itself says about
caching, and about what its page may load, stands.
"""

from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import Any

from streams.web.guard.asked import CSRF_COOKIE, AskedRequest, cookie_name
from streams.web.guard.policy import LOCAL_NAMES, Policy
from streams.web.guard.visits import Visit

Message = MutableMapping[str, Any]
Send = Callable[[Message], Awaitable[None]]
Header = tuple[bytes, bytes]

CONTENT_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
    "connect-src 'self'; font-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'"
)
USUAL: tuple[Header, ...] = (
    (b"cache-control", b"no-store"),
    (b"content-security-policy", CONTENT_POLICY.encode("ascii")),
)
"""Unless the response has its own."""
ALWAYS: tuple[Header, ...] = (
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"same-origin"),  # with no-referrer, forms of our own pages have `Origin: null`
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
)
TLS_ONLY: Header = (b"strict-transport-security", b"max-age=31536000")
_OURS = frozenset(name for name, _ in (*ALWAYS, TLS_ONLY))


class EndedError(Exception):
    """The token that a stream was opened with is no more."""


class GuardedAnswer:
    """Sends what the app answers to one request."""

    __slots__ = ("_asked", "_policy", "_send", "has_begun", "has_ended", "visit")

    def __init__(self, send: Send, asked: AskedRequest, policy: Policy) -> None:
        self._send = send
        self._asked = asked
        self._policy = policy
        self.visit: Visit | None = None
        self.has_begun = False
        self.has_ended = False

    async def __call__(self, message: Message) -> None:
        kind = message["type"]
        if kind == "http.response.start" or kind == "websocket.http.response.start":
            self.has_begun = True
            message = {**message, "headers": self._headers(message.get("headers", ()))}
        elif kind == "websocket.accept":
            self.has_begun = True
        elif self._is_revoked():
            await self._end()
        await self._send(message)

    def _is_revoked(self) -> bool:
        visit = self.visit
        return visit is not None and visit.token is not None and not self._policy.tokens.by_id(visit.token.id)

    async def _end(self) -> None:
        """Ends a stream; the app hears it as an exception."""
        if not self.has_ended:
            self.has_ended = True
            if self._asked.is_websocket:
                await self._send({"type": "websocket.close", "code": 1008, "reason": "the token was revoked"})
            else:
                await self._send({"type": "http.response.body", "body": b"", "more_body": False})
        raise EndedError

    def _headers(self, given: Iterable[Header]) -> list[Header]:
        headers, names = [], set()
        for header in given:
            name = header[0].lower()
            if name not in _OURS and not name.startswith(b"access-control-"):
                headers.append(header)
                names.add(name)
        headers += [header for header in USUAL if header[0] not in names]
        headers += ALWAYS
        if self._policy.tls and not self._is_by_local_name():
            headers.append(TLS_ONLY)
        if self.visit is not None and self.visit.has_new_cookie:
            headers.append((b"set-cookie", self._cookie(self.visit.cookie)))
        return headers

    def _is_by_local_name(self) -> bool:
        """A promise of TLS would hold for every other server that `localhost` ever is."""
        host = self._asked.headers.get(b"host", b"").decode("latin-1").lower()
        return host.rpartition(":")[0] in LOCAL_NAMES or host in LOCAL_NAMES

    def _cookie(self, value: str) -> bytes:
        return cookie(CSRF_COOKIE, value, is_secure=self._asked.is_secure).encode("ascii")


def cookie(name: str, value: str, *, is_secure: bool, seconds: int | None = None) -> str:
    """One that scripts cannot read and other sites do not send."""
    lasts = "" if seconds is None else f"; Max-Age={seconds}"
    name = cookie_name(name, is_secure=is_secure)
    return f"{name}={value}; Path=/; HttpOnly; SameSite=Strict{lasts}{'; Secure' if is_secure else ''}"
