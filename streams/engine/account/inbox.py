"""What an account was sent and has not taken its turn yet.

Rules of this file: an entry is due its account's latency after its own time, whatever arrived before it;
equals take their turns by arrival. `reach` is the newest time that is due at a record: the record's own
less the latency.
"""

from collections.abc import Callable, Iterator, Mapping
from heapq import heapify, heappop, heappush

import msgspec

from schemas.messages import Command, Signal
from streams.engine.model.settings import Settings
from streams.engine.model.units import FOREVER, MINUTE

Entry = Signal | Command
Expiry = Callable[[Entry, int], int]
"""The last instant at which an entry holds, by the settings and the interval of its symbol's bars."""


HOLDS_FOR = 5 * MINUTE
"""An entry that names no expiry waits so long, or one bar interval where that is longer; a flat for ever."""


def expiry_of(settings: Settings, signal: Signal, interval: int) -> int:
    """The last instant at which the signal holds."""
    expiry = signal.expires_at
    if expiry is None:
        expiry = FOREVER if signal.side == "flat" else signal.ts + max(HOLDS_FOR, interval)
    ttl = settings.signal_ttl
    return expiry if ttl is None else min(expiry, signal.ts + ttl)


class WaitingEntry(msgspec.Struct):
    """An entry and its place."""

    number: int
    expiry: int
    """The last instant at which it holds, as far as is known."""
    entry: Entry
    interval: int = 0
    """Of its symbol's bars when that was looked at."""
    done: bool = False


Queue = list[tuple[int, int, WaitingEntry]]
"""A heap of entries by their time and number."""


MANY = 64


class Waits(msgspec.Struct, array_like=True):
    """Which entries wait, without the entries: what a checkpoint keeps."""

    runs: list[tuple[int, int, int]] = []
    """Numbers that follow each other: how far behind the run before, how many, their bars' interval."""


class Inbox:
    """Entries by what they wait for: their own symbol's record, or any."""

    def __init__(self, expiry: Expiry, everywhere: dict[int, int]) -> None:
        self.any_record: Queue = []
        self.own_record: dict[str, Queue] = {}
        self._expiry = expiry
        self._expiries: Queue = []
        """By their expiry."""
        self._left = 0
        """About how many on the list of expiries have had their turn; they are not kept until they expire."""
        self._everywhere = everywhere
        """In how many inboxes of the shard each number waits."""
        self.changes = 0
        """Commands that change settings, among those that wait."""

    def add(self, entry: Entry, number: int, interval: int = 0) -> None:
        waits_for_own = isinstance(entry, Signal) and entry.side != "flat"
        waiting = WaitingEntry(number, self._expiry(entry, interval) if waits_for_own else 0, entry, interval)
        self.changes += isinstance(entry, Command) and entry.kind == "change"
        queue = self.any_record
        if waits_for_own:
            queue = self.own_record.setdefault(entry.symbol or "", [])
            heappush(self._expiries, (waiting.expiry, number, waiting))
        heappush(queue, (entry.ts, number, waiting))
        self._everywhere[number] = self._everywhere.get(number, 0) + 1

    def _all(self) -> Iterator[WaitingEntry]:
        for queue in (self.any_record, *self.own_record.values()):
            yield from (waiting for _, _, waiting in queue if not waiting.done)

    def _leave(self, waiting: WaitingEntry) -> None:
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

    def past_expiry(self, time: int) -> list[WaitingEntry]:
        """Take the entries that may no longer hold off the list of expiries, in order of arrival."""
        found = []
        while self._expiries and self._expiries[0][0] < time:
            waiting = heappop(self._expiries)[2]
            if not waiting.done:
                found.append(waiting)
        found.sort(key=lambda waiting: waiting.number)
        return found

    def holds(self, waiting: WaitingEntry, time: int, interval: int) -> bool:
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

    def next_turn(self, reach: int, symbol: str) -> WaitingEntry | None:
        """Take out the earliest entry that takes effect at a record of that symbol and time."""
        own = self._own(symbol)
        queues = [queue for queue in (own, self.any_record) if queue and queue[0][0] <= reach]
        if not queues:
            return None
        _, _, waiting = heappop(min(queues, key=lambda queue: queue[0][:2]))
        self._leave(waiting)
        self.changes -= isinstance(waiting.entry, Command) and waiting.entry.kind == "change"
        return waiting

    def _own(self, symbol: str) -> Queue:
        """Whose front still waits."""
        own = self.own_record.get(symbol, [])
        while own and own[0][2].done:
            heappop(own)
        if not own:
            self.own_record.pop(symbol, None)
        return own

    def first_of(self, symbol: str) -> int | None:
        """The number of the entry that is due first in that symbol."""
        own = self._own(symbol)
        return own[0][1] if own else None

    def due_at(self, symbol: str, latency: int) -> int:
        """When the first entry in that symbol is due."""
        own = self._own(symbol)
        return own[0][0] + latency if own else FOREVER

    def next_time(self, latency: int) -> int:
        """The first event time at which any record means something."""
        while self._expiries and self._expiries[0][2].done:
            heappop(self._expiries)
        expiry = self._expiries[0][0] + 1 if self._expiries else FOREVER
        return min(expiry, self.any_record[0][0] + latency if self.any_record else FOREVER)

    def waiting(self) -> Iterator[tuple[str, int, int]]:
        """Of each entry: the symbol whose record it waits for, empty for any; its time; its last instant."""
        for symbol, queue in (("", self.any_record), *self.own_record.items()):
            for time, _, waiting in queue:
                if not waiting.done:
                    yield symbol, time, waiting.expiry if symbol else FOREVER

    def symbols(self) -> list[str]:
        return list(self.own_record)

    # What a checkpoint keeps -------------------------------------------------------------------

    def waits(self) -> Waits:
        runs: list[tuple[int, int, int]] = []
        end = 0
        for waiting in sorted(self._all(), key=lambda waiting: waiting.number):
            if runs and waiting.number == end and waiting.interval == runs[-1][2]:
                runs[-1] = (runs[-1][0], runs[-1][1] + 1, waiting.interval)
            else:
                runs.append((waiting.number - end, 1, waiting.interval))
            end = waiting.number + 1
        return Waits(runs)

    def restore(self, waits: Waits, entries: Mapping[int, Entry]) -> None:
        """Take in the entries that wait here."""
        start = 0
        for gap, count, interval in waits.runs:
            start += gap
            for number in range(start, start + count):
                self.add(entries[number], number, interval)
            start += count
