"""What an account was sent and has not taken its turn yet.

Rules of this file: an entry is due its account's latency after its own time, and never before the entries
that came before it; so the front of each queue is due first. `reach` is the newest time that is due at a
record: the record's own less the latency.
"""

from collections import deque
from collections.abc import Callable, Iterator, Mapping
from heapq import heapify, heappop, heappush

import msgspec

from schemas.messages import Command, Signal
from streams.engine.units import FOREVER

Entry = Signal | Command
Expiry = Callable[[Entry, int], int]
"""The last instant at which an entry holds, by the settings and the interval of its symbol's bars."""


class Waiting(msgspec.Struct):
    """An entry and its place."""

    number: int
    time: int
    """Its own, or that of an earlier entry where that is later."""
    expiry: int
    """The last instant at which it holds, as far as is known."""
    entry: Entry
    interval: int = 0
    """Of its symbol's bars when that was looked at."""
    done: bool = False


MANY = 64


class Waits(msgspec.Struct, array_like=True):
    """Which entries wait, without the entries: what a checkpoint keeps."""

    runs: list[tuple[int, int, int]] = []
    """Numbers that follow each other: how far behind the run before, how many, their bars' interval."""
    floors: list[tuple[int, int]] = []
    """Entries that had to wait for one that has had its turn: their number and time."""


class Inbox:
    """Entries by what they wait for: their own symbol's record, or any."""

    def __init__(self, expiry: Expiry, everywhere: dict[int, int]) -> None:
        self.any_record: deque[Waiting] = deque()
        self.own_record: dict[str, deque[Waiting]] = {}
        self._expiry = expiry
        self._expiries: list[tuple[int, int, Waiting]] = []
        self._left = 0
        """About how many on the list of expiries have had their turn; they are not kept until they expire."""
        self._everywhere = everywhere
        """In how many inboxes of the shard each number waits."""
        self.changes = 0
        """Commands that change settings, among those that wait."""

    def add(self, entry: Entry, number: int, time: int, interval: int = 0) -> None:
        waits_for_own = isinstance(entry, Signal) and entry.side != "flat"
        waiting = Waiting(
            number, time, self._expiry(entry, interval) if waits_for_own else 0, entry, interval
        )
        self.changes += isinstance(entry, Command) and entry.kind == "change"
        if waits_for_own:
            self.own_record.setdefault(entry.symbol or "", deque()).append(waiting)
            heappush(self._expiries, (waiting.expiry, number, waiting))
        else:
            self.any_record.append(waiting)
        self._everywhere[number] = self._everywhere.get(number, 0) + 1

    def __len__(self) -> int:
        return sum(1 for _ in self._all())

    def _all(self) -> Iterator[Waiting]:
        for queue in (self.any_record, *self.own_record.values()):
            yield from (waiting for waiting in queue if not waiting.done)

    def _leave(self, waiting: Waiting) -> None:
        waiting.done = True
        self._left += 1
        if self._left > MANY and 2 * self._left > len(self._expiries):
            self._expiries = [each for each in self._expiries if not each[2].done]
            heapify(self._expiries)
            self._left = 0
        left = self._everywhere[waiting.number] - 1
        if left:
            self._everywhere[waiting.number] = left
        else:
            del self._everywhere[waiting.number]

    def past_expiry(self, time: int) -> list[Waiting]:
        """Take the entries that may no longer hold off the list of expiries, in order of arrival."""
        found = []
        while self._expiries and self._expiries[0][0] < time:
            waiting = heappop(self._expiries)[2]
            if not waiting.done:
                found.append(waiting)
        found.sort(key=lambda waiting: waiting.number)
        return found

    def holds(self, waiting: Waiting, time: int, interval: int) -> bool:
        """Whether an entry of `past_expiry` still holds with bars of that interval; else it leaves."""
        waiting.interval, waiting.expiry = interval, self._expiry(waiting.entry, interval)
        if time > waiting.expiry:
            self._leave(waiting)
            return False
        heappush(self._expiries, (waiting.expiry, waiting.number, waiting))
        return True

    def forget_expiries(self) -> None:
        """The settings have changed: every entry's expiry is to be looked at again."""
        for _, _, waiting in self._expiries:
            waiting.interval, waiting.expiry = 0, self._expiry(waiting.entry, 0)
        self._expiries = [(waiting.expiry, number, waiting) for _, number, waiting in self._expiries]
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
            self._leave(mine)
            return mine
        if anyone is not None:
            self.any_record.popleft()
            self._leave(anyone)
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

    # What a checkpoint keeps -------------------------------------------------------------------

    def waits(self) -> Waits:
        runs: list[tuple[int, int, int]] = []
        floors: list[tuple[int, int]] = []
        end, latest = 0, -FOREVER
        for waiting in sorted(self._all(), key=lambda waiting: waiting.number):
            if runs and waiting.number == end and waiting.interval == runs[-1][2]:
                runs[-1] = (runs[-1][0], runs[-1][1] + 1, runs[-1][2])
            else:
                runs.append((waiting.number - end, 1, waiting.interval))
            latest = max(latest, waiting.entry.ts)
            if waiting.time != latest:
                latest = waiting.time
                floors.append((waiting.number, latest))
            end = waiting.number + 1
        return Waits(runs, floors)

    def restore(self, waits: Waits, entries: Mapping[int, Entry]) -> None:
        """Take in the entries that wait here."""
        floors = dict(waits.floors)
        start, latest = 0, -FOREVER
        for gap, count, interval in waits.runs:
            start += gap
            for number in range(start, start + count):
                entry = entries[number]
                latest = floors.get(number, max(latest, entry.ts))
                self.add(entry, number, latest, interval)
            start += count
