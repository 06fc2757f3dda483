"""What an account was sent and has not taken its turn yet.

Rules of this file: an entry is due its account's latency after its own time, and never before the entries
that came before it; so the front of each queue is due first. `reach` is the newest time that is due at a
record: the record's own less the latency.
"""

from collections import deque
from heapq import heapify, heappop, heappush

import msgspec

from schemas.messages import Command, Signal
from streams.engine.units import FOREVER


class Waiting(msgspec.Struct):
    """An entry and its place."""

    number: int
    time: int
    """Its own, or that of an earlier entry where that is later."""
    expiry: int
    """The last instant at which it holds, as far as is known."""
    entry: Signal | Command
    done: bool = False


class Inbox:
    """Entries by what they wait for: their own symbol's record, or any."""

    def __init__(self) -> None:
        self.count = 0
        self.any_record: deque[Waiting] = deque()
        self.own_record: dict[str, deque[Waiting]] = {}
        self._expiries: list[tuple[int, int, Waiting]] = []
        self.changes = 0
        """Commands that change settings, among those that wait."""

    def add(self, entry: Signal | Command, time: int, expiry: int) -> None:
        self.count += 1
        waiting = Waiting(self.count, time, expiry, entry)
        self.changes += isinstance(entry, Command) and entry.kind == "change"
        if isinstance(entry, Signal) and entry.side != "flat":
            self.own_record.setdefault(entry.symbol, deque()).append(waiting)
            heappush(self._expiries, (expiry, waiting.number, waiting))
        else:
            self.any_record.append(waiting)

    def __len__(self) -> int:
        return len(self.any_record) + sum(len(queue) for queue in self.own_record.values())

    def expired(self, time: int) -> list[Waiting]:
        """Take out the entries that no longer hold, in order of arrival."""
        gone = []
        while self._expiries and self._expiries[0][0] < time:
            waiting = heappop(self._expiries)[2]
            if not waiting.done:
                waiting.done = True
                gone.append(waiting)
        gone.sort(key=lambda waiting: waiting.number)
        return gone

    def hold(self, waiting: Waiting, expiry: int) -> None:
        """Put an entry back that holds for longer."""
        waiting.done, waiting.expiry = False, expiry
        heappush(self._expiries, (expiry, waiting.number, waiting))

    def forget_expiries(self) -> None:
        """The settings have changed: every entry's expiry is to be looked at again."""
        self._expiries = [(0, number, waiting) for _, number, waiting in self._expiries]
        heapify(self._expiries)

    def next_turn(self, reach: int, symbol: str) -> Waiting | None:
        """Take out the earliest entry that takes effect at a record of that symbol and time."""
        own = self.own_record.get(symbol)
        while own and own[0].done:
            own.popleft()
        if own is not None and not own:
            del self.own_record[symbol]
            own = None
        anyone = self.any_record[0] if self.any_record and self.any_record[0].time <= reach else None
        mine = own[0] if own and own[0].time <= reach else None
        if mine is not None and (anyone is None or mine.number < anyone.number):
            assert own is not None
            own.popleft()
            mine.done = True
            return mine
        if anyone is not None:
            self.any_record.popleft()
            self.changes -= isinstance(anyone.entry, Command) and anyone.entry.kind == "change"
        return anyone

    def due_at(self, symbol: str, latency: int) -> int:
        """When the first entry in that symbol is due."""
        own = self.own_record.get(symbol, ())
        return next((waiting.time + latency for waiting in own if not waiting.done), FOREVER)

    def next_time(self, latency: int) -> int:
        """The first event time at which any record means something."""
        while self._expiries and self._expiries[0][2].done:
            heappop(self._expiries)
        expiry = self._expiries[0][0] + 1 if self._expiries else FOREVER
        return min(expiry, self.any_record[0].time + latency if self.any_record else FOREVER)

    def symbols(self) -> list[str]:
        return list(self.own_record)
