"""Threads that follow an instance's topics and hand what they read to the event loop.

Rules of this file: nothing is joined and nothing committed. A thread reads on when what it handed over was
taken, so that a busy page never has a heap before it. Kafka may go and come: each place is read on from where
it was.
"""

import asyncio
import logging
import threading
import time
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from contextlib import suppress
from functools import partial

import msgspec
import numpy as np

from schemas.codec import Codec
from schemas.errors import MessageError, RegistryError
from schemas.market.ticks import MarketReader, MarketRows
from schemas.messages import Message
from streams.clients.accounts.desk_table import TABLE
from streams.clients.kafka import BATCH, MARKET, Place, Raw, Reader, beginnings, ends, partitions_of, require
from streams.clients.workers import REPORTS, wall
from streams.engine.market.record_checks import marks_of, own_times
from streams.engine.shard.checkpoint import AccountRow
from streams.transport.contract.names import HEADER, SENTINEL
from streams.transport.kafka.cluster import Cluster, ClusterError
from streams.transport.shard.reports import WorkerReport, decode_report
from streams.web.state.live_state import EVENTS, PRICES, Event, LiveState, Price, Row
from streams.web.state.live_state import Place as EventPlace

HAPPENINGS = (
    "signals", "commands", "decisions", "slice-timers", "orders", "fills", "trades", "equity", "alerts",
    "dead-letters",
)  # fmt: skip
"""Read from shortly before their ends on."""
TOLD = (*HAPPENINGS, "positions")
"""What comes from them is told. An event's id names them by their places: a new one goes to the end."""
WHOLE = (TABLE, "positions")
"""Compacted: read from their beginnings."""
LATELY = 300
"""Records of each partition that are read of the past."""
AGAIN_S = 1.0
FAR = 50_000
"""A market that is so many records ahead is caught up with, not read."""
NEAR = 5_000
LOOK_S = 1.0
MARKETS_S = 15.0
"""A new market is found after so long."""

log = logging.getLogger(__name__)
_decode_row = msgspec.json.Decoder(AccountRow).decode


class TopicFollower:
    """A thread that reads until it is told to stop."""

    reads: str
    """What of `Live` it fills."""

    def __init__(self, cluster: Cluster, live: LiveState, loop: asyncio.AbstractEventLoop) -> None:
        self.cluster = cluster
        self.live = live
        self._loop = loop
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name=type(self).__name__, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopped.set()

    def _run(self) -> None:
        while not self._stopped.is_set():
            try:
                self._follow()
            except ClusterError as error:
                self._wait(str(error))
            except Exception as error:
                if self._loop.is_closed():
                    return
                log.exception("%s", self._thread.name)
                self._wait(f"{type(error).__name__}: {error}")

    def _wait(self, why: str) -> None:
        self._say(why)
        self._stopped.wait(AGAIN_S)

    def _say(self, trouble: str) -> None:
        """Why nothing is read; empty while something is."""
        self.live.troubles[self._thread.name] = trouble

    def _follow(self) -> None:
        raise NotImplementedError

    def _strike_off(self, behind: set[Place], read: set[Place]) -> None:
        """What there was in these places has been read once."""
        if not behind:
            return
        behind -= read
        if not behind:
            self._hand_over(partial(self.live.unread.discard, self.reads))

    def _hand_over(self, take: Callable[[], object]) -> None:
        """Returns when the event loop has taken it."""
        taken: Future[None] = Future()

        def run() -> None:
            try:
                take()
                taken.set_result(None)
            except BaseException as error:
                taken.set_exception(error)

        self._loop.call_soon_threadsafe(run)
        while not self._stopped.is_set():
            with suppress(TimeoutError):
                taken.result(LOOK_S)
                return


class EventFollower(TopicFollower):
    """Accounts, workers, and everything that happens."""

    reads = EVENTS

    def __init__(
        self, cluster: Cluster, live: LiveState, loop: asyncio.AbstractEventLoop, codec: Codec
    ) -> None:
        super().__init__(cluster, live, loop)
        self._codec = codec
        self._next: dict[Place, int] = {}

    def _follow(self) -> None:
        if not self._next:
            self._next = self._starts()
            self._hand_over(partial(self.live.take, (), (), [], self._of_events()))
        with Reader(self.cluster, self._next) as reader:
            self._say("")
            behind = set(reader.places)
            while not self._stopped.is_set():
                began = wall()
                raws = reader.read()
                if raws:
                    self._take(raws)
                if len(raws) < BATCH:  # nothing that had come is left
                    self.live.heard_until = began
                self._strike_off(behind, reader.at_end)

    def _starts(self) -> dict[Place, int]:
        whole = beginnings(self.cluster, require(self.cluster, *WHOLE))
        places = [*require(self.cluster, *HAPPENINGS), REPORTS]
        first, last = beginnings(self.cluster, places), ends(self.cluster, places)
        return whole | {place: max(first[place], last[place] - LATELY) for place in places}

    def _take(self, raws: list[Raw]) -> None:
        newest = {raw.key: raw for raw in raws if raw.topic == TABLE}
        rows = [_row(raw) for raw in newest.values() if raw.key not in (None, HEADER, SENTINEL)]
        reports = [_report(raw) for raw in raws if raw.topic == REPORTS[0]]
        events = [
            Event(EventPlace(raw.topic, raw.partition, raw.offset), raw.timestamp, message)
            for raw in by_time(raws)
            if raw.topic not in (TABLE, REPORTS[0]) and (message := self._message(raw)) is not None
        ]
        for raw in raws:
            self._next[raw.topic, raw.partition] = raw.offset + 1
        self._hand_over(partial(self.live.take, rows, reports, events, self._of_events()))

    def _of_events(self) -> dict[Place, int]:
        return {place: at for place, at in self._next.items() if place[0] in TOLD}

    def _message(self, raw: Raw) -> Message | None:
        """What nobody can read the gate puts among the dead letters; it is seen there."""
        if raw.value is None:
            return None
        with suppress(MessageError, RegistryError):
            return self._codec.decode(raw.topic, raw.key, raw.value, raw.arrived)
        return None


def by_time(raws: Iterable[Raw]) -> list[Raw]:
    """In the order of their times, as far as that leaves each partition in its own."""
    newest: dict[Place, int] = {}

    def time_of(raw: Raw) -> int:
        place = raw.topic, raw.partition
        newest[place] = max(newest.get(place, 0), raw.timestamp)
        return newest[place]

    return sorted(raws, key=time_of)


def _row(raw: Raw) -> Row:
    assert raw.key is not None
    return Row(raw.key.decode(), None if raw.value is None else _decode_row(raw.value).state)


def _report(raw: Raw) -> WorkerReport:
    assert raw.value is not None
    return decode_report(raw.value)


class PriceFollower(TopicFollower):
    """The last price of each symbol of every market."""

    reads = PRICES

    def __init__(self, cluster: Cluster, live: LiveState, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(cluster, live, loop)
        self._readers: dict[str, MarketReader] = {}
        self._next: dict[Place, int] = {}

    def _follow(self) -> None:
        require(self.cluster, MARKET)
        markets = _markets(self.cluster)
        last = self._catch_up(markets)
        looked = found = time.monotonic()
        with Reader(self.cluster, self._next) as reader:
            self._say("")
            behind = set(reader.places)
            while not self._stopped.is_set() and time.monotonic() - found < MARKETS_S:
                self._take(reader.read(most=FAR))
                passed = {place for place in behind if self._next[place] >= last[place]}
                self._strike_off(behind, reader.at_end | passed)  # a market may never rest at an end
                if time.monotonic() - looked > LOOK_S:
                    looked = time.monotonic()
                    if self._is_far_behind(markets):
                        return

    def _catch_up(self, markets: Iterable[Place]) -> dict[Place, int]:
        """Near the end, unless it is there already; answers the ends."""
        last = ends(self.cluster, markets)
        first = beginnings(self.cluster, markets)
        for place, end in last.items():
            at = self._next.get(place, 0)
            self._next[place] = at if end - FAR < at <= end and at else max(first[place], end - NEAR)
        return last

    def _is_far_behind(self, markets: Iterable[Place]) -> bool:
        last = ends(self.cluster, markets)
        return any(end - self._next[place] > FAR for place, end in last.items())

    def _take(self, raws: list[Raw]) -> None:
        by_market: dict[str, list[Raw]] = {}
        for raw in raws:
            by_market.setdefault(raw.topic, []).append(raw)
            self._next[raw.topic, raw.partition] = raw.offset + 1
        for market, found in by_market.items():
            reader = self._readers.setdefault(market, MarketReader(topic=market))
            rows = reader.read([raw.key for raw in found], [raw.value for raw in found])
            if len(rows.columns):
                self._hand_over(_taking(self.live, market, rows))


def _taking(live: LiveState, market: str, rows: MarketRows) -> Callable[[], object]:
    newest, prices = int(own_times(rows.columns).max()), last_prices(rows)
    return lambda: live.take_prices(market, newest, prices)


def last_prices(rows: MarketRows) -> dict[str, Price]:
    """Of each symbol that has one."""
    columns = rows.columns
    marks = marks_of(columns)
    priced = np.flatnonzero(marks > 0)[::-1]
    symbols, first = np.unique(columns.symbol[priced], return_index=True)
    last = priced[first]
    return {
        columns.names[symbol]: Price(mark, ts)
        for symbol, mark, ts in zip(
            symbols.tolist(), marks[last].tolist(), columns.ts[last].tolist(), strict=True
        )
    }


def _markets(cluster: Cluster) -> list[Place]:
    return [(topic, 0) for topic in partitions_of(cluster) if topic.partition(".")[0] == MARKET]
