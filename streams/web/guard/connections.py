"""Who is connected: so many from one address, and so many in all.

Rules of this file: a connection with a request goes before one without. When there is no room, the one that
has been idle the longest is closed; where all are busy, the new one is.
"""

from ipaddress import ip_address
from typing import Protocol

from streams.web.guard.limits import neighbourhood


class Connection(Protocol):
    """What holds a place."""

    def hang_up(self) -> None: ...


class Connections:
    """Of one server."""

    def __init__(self, in_all: int, of_each: int) -> None:
        self._in_all = in_all
        self._of_each = of_each
        self._whose: dict[Connection, str] = {}
        self._resting: dict[Connection, None] = {}
        """Those that are asking for nothing, the longest first."""
        self._count: dict[str, int] = {}

    def __len__(self) -> int:
        return len(self._whose)

    def enter(self, connection: Connection, address: str) -> bool:
        """Whether it may stay."""
        who = neighbourhood(address)
        if not (_is_here(address) or _is_here(who)) and self._count.get(who, 0) >= self._of_each:
            has_room = self._make_room(who)
        else:
            has_room = len(self._whose) < self._in_all or self._make_room()
        if has_room:
            self._whose[connection] = who
            self._resting[connection] = None
            self._count[who] = self._count.get(who, 0) + 1
        return has_room

    def _make_room(self, who: str | None = None) -> bool:
        """Closes an idle one; only one of `who`, if that is given."""
        for connection in self._resting:
            if who in (None, self._whose[connection]):
                self.leave(connection)
                connection.hang_up()
                return True
        return False

    def work(self, connection: Connection) -> None:
        """It has asked for something."""
        self._resting.pop(connection, None)

    def rest(self, connection: Connection) -> None:
        """It has its answer."""
        if connection in self._whose:
            self._resting[connection] = None

    def leave(self, connection: Connection) -> None:
        who = self._whose.pop(connection, None)
        self._resting.pop(connection, None)
        if who is not None:
            self._count[who] -= 1
            if not self._count[who]:
                del self._count[who]


def _is_here(address: str) -> bool:
    """All of this machine have one address, and so has everybody behind its proxy."""
    try:
        return ip_address(address).is_loopback
    except ValueError:
        return False
