"""Tokens: who may connect from another machine, to read or to trade.

Rules of this file:
- A token is `gf_<id>_<secret>`. The secret is shown once; only its SHA-256 is kept. A fast hash is right
  here: slow ones make it hard to guess passwords, and nobody guesses 256 random bits at any speed.
- A running server sees what was created and revoked within a second. It lets nobody in while it cannot read
  the file.
"""

import hashlib
import hmac
import logging
import re
import secrets
import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal

import msgspec

from streams.local.machine import private

log = logging.getLogger(__name__)

Role = Literal["read", "trade"]
FILE = "tokens.json"
LOOK_S = 1.0
SECRET_BYTES = 32
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_TEXT = re.compile(r"gf_([0-9a-f]{8})_([A-Za-z0-9_-]{43})")
_NOBODY = "0" * 64


class TokenError(Exception):
    """A token cannot be made or revoked, or the file of them cannot be read."""


class Token(msgspec.Struct, frozen=True):
    """One, without its secret."""

    id: str
    name: str
    role: Role
    sha256: str
    created: datetime
    expires: datetime | None = None

    @property
    def is_live(self) -> bool:
        return self.expires is None or self.expires > datetime.now(UTC)


class _File(msgspec.Struct):
    tokens: list[Token] = []


class Tokens:
    """A home's tokens."""

    def __init__(self, file: Path, clock: Callable[[], float] = time.monotonic) -> None:
        self.file = file
        self._clock = clock
        self._look_at = float("-inf")
        self._seen: tuple[int, int, int] | None = None
        self._by_id: dict[str, Token] = {}

    def find(self, text: str) -> Token | None:
        """The token of this text while it is live; takes as long for a wrong secret as for the right one."""
        match = _TEXT.fullmatch(text)
        if match is None:
            return None
        token = self.by_id(match[1])
        is_right = hmac.compare_digest(_sha256(match[2]), token.sha256 if token else _NOBODY)
        return token if is_right else None

    def by_id(self, token_id: str) -> Token | None:
        """Only while it is live."""
        self._look()
        token = self._by_id.get(token_id)
        return token if token is not None and token.is_live else None

    def all(self) -> list[Token]:
        """As the file has them now, those that have expired too."""
        try:
            return msgspec.json.decode(self.file.read_bytes(), type=_File).tokens
        except FileNotFoundError:
            return []
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise TokenError(
                f"{self.file} cannot be read ({error}): delete it, and make the tokens again"
            ) from error

    def create(self, name: str, role: Role, life: timedelta | None = None) -> tuple[Token, str]:
        """The token, and the text that is its only copy."""
        if NAME.fullmatch(name) is None:
            raise TokenError(f"found the name {name!r}; expected up to 64 letters, digits, dots, - and _")
        with private.locked(self.file):
            known = self.all()
            if any(name in (each.name, each.id) for each in known):
                raise TokenError(f"there is a token {name} already: revoke it first, or take another name")
            token_id = _new_id(known)
            secret = secrets.token_urlsafe(SECRET_BYTES)
            now = datetime.now(UTC).replace(microsecond=0)
            token = Token(token_id, name, role, _sha256(secret), now, now + life if life else None)
            self._write([*known, token])
        return token, f"gf_{token_id}_{secret}"

    def revoke(self, name_or_id: str) -> Token:
        with private.locked(self.file):
            known = self.all()
            revoked = next((each for each in known if name_or_id in (each.name, each.id)), None)
            if revoked is None:
                names = ", ".join(each.name for each in known) or "none"
                raise TokenError(f"no token {name_or_id}; there are {names}")
            self._write(each for each in known if each is not revoked)
        return revoked

    def _write(self, tokens: Iterable[Token]) -> None:
        text = msgspec.json.encode(_File(list(tokens)))
        private.write(self.file, msgspec.json.format(text) + b"\n")

    def _look(self) -> None:
        """Reads the file again if it has changed."""
        now = self._clock()
        if now < self._look_at:
            return
        self._look_at = now + LOOK_S
        seen = self._signature()
        if seen != self._seen:
            self._seen = seen
            self._by_id = self._read()

    def _signature(self) -> tuple[int, int, int] | None:
        try:
            found = self.file.stat()
        except OSError:
            return None
        return found.st_mtime_ns, found.st_size, found.st_ino

    def _read(self) -> dict[str, Token]:
        try:
            return {each.id: each for each in self.all()}
        except (TokenError, OSError) as error:
            log.error("nobody is let in: %s", error)
            return {}


def _sha256(secret: str) -> str:
    return hashlib.sha256(secret.encode("ascii")).hexdigest()


def _new_id(known: Iterable[Token]) -> str:
    taken = {word for each in known for word in (each.id, each.name)}
    return next(new for new in iter(lambda: secrets.token_hex(4), "") if new not in taken)
