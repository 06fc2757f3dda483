"""What an account was sent and has not taken its turn yet.

Rules of this file: due times never decrease, so the front of each queue is due first.
"""

from collections import deque
from heapq import heappop, heappush

import msgspec

from schemas.messages import Command, Signal
from streams.engine.units import FOREVER


class Waiting(msgspec.Struct):
    """An entry and its place."""

    number: int
    due: int
    expiry: int
    """The last instant at which it holds."""
    entry: Signal | Command
    done: bool = False


class Inbox:
    """Entries by what they wait for: their own symbol's record, or any."""

    def __init__(self) -> None:
        self.count = 0
        self.any_record: deque[Waiting] = deque()
        self.own_record: dict[str, deque[Waiting]] = {}
        self._expiries: list[tuple[int, int, Waiting]] = []

    def add(self, entry: Signal | Command, due: int, expiry: int) -> None:
        self.count += 1
        waiting = Waiting(self.count, due, expiry, entry)
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

    def next_turn(self, time: int, symbol: str) -> Waiting | None:
        """Take out the earliest entry that takes effect at a record of that symbol and time."""
        own = self.own_record.get(symbol)
        while own and own[0].done:
            own.popleft()
        if own is not None and not own:
            del self.own_record[symbol]
            own = None
        anyone = self.any_record[0] if self.any_record and self.any_record[0].due <= time else None
        mine = own[0] if own and own[0].due <= time else None
        if mine is not None and (anyone is None or mine.number < anyone.number):
            assert own is not None
            own.popleft()
            mine.done = True
            return mine
        return self.any_record.popleft() if anyone is not None else None

    def due_at(self, symbol: str) -> int:
        """When the first entry in that symbol is due."""
        own = self.own_record.get(symbol, ())
        return next((waiting.due for waiting in own if not waiting.done), FOREVER)

    def next_time(self) -> int:
        """The first event time at which any record means something."""
        while self._expiries and self._expiries[0][2].done:
            heappop(self._expiries)
        expiry = self._expiries[0][0] + 1 if self._expiries else FOREVER
        return min(expiry, self.any_record[0].due if self.any_record else FOREVER)

    def symbols(self) -> list[str]:
        return list(self.own_record)
