"""Who came in, as the app sees it."""

from typing import Any

from starlette.requests import HTTPConnection

from streams.web.guard.seals import Seals, new_cookie
from streams.web.guard.tokens import Role, Token

KEY = "ghostfill"
"""Where it is in the scope."""


class Visit:
    """A request that was let in."""

    __slots__ = ("_cookie", "_seals", "has_new_cookie", "role", "token", "who")

    def __init__(self, role: Role | None, token: Token | None, who: str, cookie: str, seals: Seals) -> None:
        self.role = role
        """None: nobody that is known, where nobody needs to be."""
        self.token = token
        """What let it in; None: it is on this machine, or at an open door."""
        self.who = who
        """Whose limits it counts for."""
        self._cookie = cookie
        self._seals = seals
        self.has_new_cookie = False

    @property
    def name(self) -> str:
        """The token's; empty without one."""
        return self.token.name if self.token is not None else ""

    @property
    def may_trade(self) -> bool:
        return self.role == "trade"

    @property
    def csrf(self) -> str:
        """What a page sends with each action as `X-Ghostfill-CSRF`.

        A browser that has no cookie yet gets one with the answer: ask for it before that begins.
        """
        if not self._cookie:
            self._cookie = new_cookie()
            self.has_new_cookie = True
        return self._seals.csrf(self._cookie)

    @property
    def cookie(self) -> str:
        """What its CSRF token is bound to."""
        return self._cookie


def visit_of(connection: HTTPConnection) -> Visit:
    """Of a Starlette or FastAPI request or WebSocket; also good as a dependency."""
    return visit_in(connection.scope)


def visit_in(scope: Any) -> Visit:
    found = scope[KEY]
    assert isinstance(found, Visit)
    return found
