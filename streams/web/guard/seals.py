"""What the web process signs: a page's token against forged actions, and the cookie of a login.

Rules of this file:
- The key is the home's, so that open pages and logins survive a restart.
- A login's cookie names its token; it ends with that token, whatever the cookie says.
"""

import hmac
import re
import secrets

SESSION_S = 7 * 24 * 3600
_COOKIE = re.compile(r"[A-Za-z0-9_-]{22,64}")
_SESSION = re.compile(r"([0-9a-f]{8})\.(\d{1,12})\.[0-9a-f]{64}")


class Seals:
    """Signs and checks with one key."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def csrf(self, cookie: str) -> str:
        """What a page sends along with an action; it holds while the browser has this cookie."""
        return self._mac("csrf", cookie)

    def is_csrf(self, given: bytes, cookie: str) -> bool:
        return hmac.compare_digest(given, self.csrf(cookie).encode("ascii"))

    def session(self, token_id: str, now: float) -> str:
        """A cookie that says who logged in, until when."""
        said = f"{token_id}.{int(now) + SESSION_S}"
        return f"{said}.{self._mac('session', said)}"

    def token_id(self, session: str, now: float) -> str | None:
        """Who logged in; None: it is not ours, or has ended."""
        match = _SESSION.fullmatch(session)
        if match is None or int(match[2]) <= now:
            return None
        said, _, mac = session.rpartition(".")
        return match[1] if hmac.compare_digest(mac, self._mac("session", said)) else None

    def _mac(self, what: str, said: str) -> str:
        return hmac.digest(self._key, f"{what}:{said}".encode("ascii"), "sha256").hex()


def new_cookie() -> str:
    return secrets.token_urlsafe(24)


def is_cookie(text: str) -> bool:
    """Whether it looks like one of ours."""
    return _COOKIE.fullmatch(text) is not None
