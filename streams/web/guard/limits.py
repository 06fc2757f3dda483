"""How often, and how many at once: counted for each client.

Rules of this file: memory is bounded. Whoever was quiet the longest is forgotten first.
"""

import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from ipaddress import IPv6Address

REMEMBERED = 10_000


class Rate:
    """A bucket of tokens for each: `burst` at once, then `per_s`.

    Kept is the time at which the bucket is full again (the generic cell rate algorithm).
    """

    def __init__(
        self,
        per_s: float,
        burst: int,
        remembered: int = REMEMBERED,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._gap_s = 1 / per_s
        self._slack_s = (burst - 1) / per_s
        self._remembered = remembered
        self._clock = clock
        self._full_at: OrderedDict[str, float] = OrderedDict()

    def wait_s(self, who: str) -> float:
        """How long until the next is allowed; 0: now."""
        now = self._clock()
        return max(0.0, self._full_at.get(who, now) - now - self._slack_s)

    def take(self, who: str) -> float:
        """Counts one that is allowed; else how long it must wait."""
        now = self._clock()
        full_at = max(self._full_at.get(who, now), now)
        wait_s = full_at - now - self._slack_s
        if wait_s > 0:
            return wait_s
        self._full_at[who] = full_at + self._gap_s
        self._full_at.move_to_end(who)
        if len(self._full_at) > self._remembered:
            self._full_at.popitem(last=False)
        return 0.0


class Open:
    """How many requests of each are being answered."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._open: dict[str, int] = {}

    @contextmanager
    def one(self, who: str) -> Iterator[bool]:
        """Whether one more is allowed; it counts until the end."""
        count = self._open.get(who, 0)
        if count >= self._most:
            yield False
            return
        self._open[who] = count + 1
        try:
            yield True
        finally:
            self._open[who] -= 1
            if not self._open[who]:
                del self._open[who]


def neighbourhood(address: str) -> str:
    """What one customer of a provider has: an IPv4 address, or 64 bits of IPv6."""
    if ":" not in address:
        return address
    try:
        found = IPv6Address(address)
    except ValueError:
        return address
    return str(found.ipv4_mapped or f"{int(found) >> 64:x}::/64")
