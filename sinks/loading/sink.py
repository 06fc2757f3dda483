"""The sink: what is read from the topics is written into the tables, each record once.

Who calls. `running` makes one, and `run` is its whole life: read, send what is due, commit what is written.
All methods are for that one thread; two more belong to the sink, one that prepares blocks and one that writes
them, each in the order in which it was given.

What must hold. A place is committed only after everything before it is in the tables; so after an end of any
kind the rest is read again, and `places` and the tables themselves tell what of that is there already.
Therefore batches settle in order: what could not be written stops all behind it, and the error comes out of
`settle` in the thread that calls.

Why it waits. ClickHouse likes few and large blocks: records wait for others of their topic until they are
many or a second is over. When too much waits, reading pauses, and Kafka keeps the rest: memory stays flat
however far behind it is.
"""

import threading
import time
from bisect import bisect_left
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Generic, NamedTuple, TypeVar

from sinks.blocks.records import Partition, RecordRun, spans
from sinks.blocks.tables import is_market
from sinks.loading.inserting import SinkStoppedError
from sinks.loading.source import Source

ROWS, BYTES = 200_000, 32 << 20
"""Of one batch; so small, what it becomes is one block."""
SECONDS = 1.0
MOST_BATCHES = 3
"""So much may wait."""
READ_S = 0.1
PAUSE_AFTER_S = 2.0
GIVE_UP_S = 5.0
"""How long another sink is kept waiting for what this one has begun."""

Prepared = TypeVar("Prepared")


class Size(NamedTuple):
    """How much it is."""

    records: int
    bytes: int


NOTHING = Size(0, 0)


class SinkBatch(NamedTuple):
    """Records on their way."""

    ends: Mapping[Partition, int]
    size: Size
    written: Future[None]


@dataclass
class WaitingRecords:
    """Records of one topic that wait for more; of a market, of one partition."""

    since: float
    runs: list[RecordRun] = field(default_factory=list)
    size: Size = NOTHING

    @property
    def is_full(self) -> bool:
        return self.size.records >= ROWS or self.size.bytes >= BYTES

    def take(self, run: RecordRun) -> RecordRun:
        """Takes in as much as goes into a batch; the rest comes back."""
        sums = [*accumulate((len(value or b"") for value in run.values), initial=self.size.bytes)]
        room = min(run.size, ROWS - self.size.records, bisect_left(sums, BYTES))
        self.runs.append(run.part(0, room))
        self.size = Size(self.size.records + room, sums[room])
        return run.part(room)


class Sink(Generic[Prepared]):
    """Takes records in and sees to it that they are written. Its methods are for one thread."""

    def __init__(
        self,
        prepare: Callable[[list[RecordRun]], Prepared],
        write: Callable[[Prepared], None],
        find_starts: Callable[[Iterable[Partition]], Mapping[Partition, int]],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._prepare = prepare
        self._write = write
        self._find_starts = find_starts
        self._clock = clock
        self._preparing = ThreadPoolExecutor(1, "prepare")
        self._writing = ThreadPoolExecutor(1, "write")
        self._waiting: dict[object, WaitingRecords] = {}
        self._batches: deque[SinkBatch] = deque()

    def run(self, source: Source, stop: threading.Event, ready: Callable[[], None]) -> None:
        """Until it is to stop, or cannot go on."""
        is_ready = False
        while not stop.is_set():
            self.take(source.read(READ_S))
            self.send_due()
            source.commit(self.settle())
            while self.has_enough and self._one_more_is_written():
                source.commit(self.settle())
            (source.pause if self.has_enough else source.resume)()
            if not (self._waiting or self._batches):
                source.commit(source.passed())
            if source.is_assigned and not is_ready:
                ready()
                is_ready = True
        self.send_all()
        source.commit(self.finish(GIVE_UP_S))

    @property
    def has_enough(self) -> bool:
        held = [each.size for each in self._waiting.values()] + [each.size for each in self._batches]
        records, octets = sum(size.records for size in held), sum(size.bytes for size in held)
        return records > MOST_BATCHES * ROWS or octets > MOST_BATCHES * BYTES

    def _one_more_is_written(self) -> bool:
        """Waits a little: a pause throws away what was read ahead, so it is for when nothing moves."""
        return bool(self._batches) and bool(wait([self._batches[0].written], PAUSE_AFTER_S).done)

    def take(self, runs: Iterable[RecordRun]) -> None:
        for run in runs:
            place = run.place
            key = place if is_market(place.topic) else place.topic
            while run.size:
                found = self._waiting.get(key)
                if found is None:
                    found = self._waiting[key] = WaitingRecords(self._clock())
                run = found.take(run)
                if found.is_full:
                    self._send(key)

    def send_due(self) -> None:
        now = self._clock()
        for key, found in list(self._waiting.items()):
            if now - found.since >= SECONDS:
                self._send(key)

    def send_all(self) -> None:
        for key in list(self._waiting):
            self._send(key)

    def settle(self) -> dict[Partition, int]:
        """What has been written since the last time; raises what kept something from it."""
        ends: dict[Partition, int] = {}
        while self._batches and self._batches[0].written.done():
            batch = self._batches.popleft()
            batch.written.result()
            ends.update(batch.ends)
        return ends

    def finish(self, patience_s: float) -> dict[Partition, int]:
        """Waits until everything that was sent is written, as long as there is patience."""
        end = self._clock() + patience_s
        for batch in self._batches:
            try:
                batch.written.exception(max(0.0, end - self._clock()))
            except TimeoutError:
                break
        try:
            return self.settle()
        except SinkStoppedError:
            return {}

    def close(self) -> None:
        for each in (self._preparing, self._writing):
            each.shutdown(cancel_futures=True)

    # What the source asks ------------------------------------------------------------------------

    def starts(self, places: Iterable[Partition]) -> Mapping[Partition, int]:
        return self._find_starts(places)

    def give_up(self, places: Iterable[Partition]) -> None:
        self.send_all()
        self.finish(GIVE_UP_S)

    def _send(self, key: object) -> None:
        found = self._waiting.pop(key)
        ends = {place: span.last + 1 for place, span in spans(found.runs).items()}
        prepared = self._preparing.submit(self._prepare, found.runs)
        written = self._writing.submit(lambda: self._write(prepared.result()))
        self._batches.append(SinkBatch(ends, found.size, written))
