"""The sink: what is read from the topics is written into the tables, each record once.

Rules of this file:
- Records wait for others of their topic, until they are many or a second is over; then they are a batch.
- One thread reads and one writes. When too much waits to be written, reading pauses; Kafka keeps the rest.
- What could not be written is not committed: after an end, of whatever kind, it is read again.
"""

import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import NamedTuple

from sinks.inserting import Stopped
from sinks.source import Source
from sinks.tables import Place, Record, is_market, spans

ROWS = 50_000
"""A block stays one block up to this size."""
SECONDS = 1.0
MOST_WAITING = 6 * ROWS
READ_S = 0.1
GIVE_UP_S = 5.0
"""How long another sink is kept waiting for what this one has begun."""


class Batch(NamedTuple):
    """Records on their way."""

    ends: Mapping[Place, int]
    size: int
    written: "Future[None]"


@dataclass
class Waiting:
    """Records of one topic that wait for more; of a market, of one partition."""

    since: float
    records: list[Record] = field(default_factory=list)


class Sink:
    """Takes records in and sees to it that they are written. Its methods are for one thread."""

    def __init__(
        self,
        write: Callable[[list[Record]], None],
        find_starts: Callable[[Iterable[Place]], Mapping[Place, int]],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._write = write
        self._find_starts = find_starts
        self._clock = clock
        self._thread = ThreadPoolExecutor(1, "writer")
        self._waiting: dict[object, Waiting] = {}
        self._batches: deque[Batch] = deque()
        self._size = 0

    def run(self, source: Source, stop: threading.Event, ready: Callable[[], None]) -> None:
        """Until it is to stop, or cannot go on."""
        is_ready = False
        while not stop.is_set():
            self.take(source.read(READ_S))
            self.send_due()
            source.commit(self.settle())
            if not self._size:
                source.commit(source.passed())
            (source.pause if self.has_enough else source.resume)()
            if source.is_assigned and not is_ready:
                ready()
                is_ready = True
        self.send_all()
        source.commit(self.finish(GIVE_UP_S))

    @property
    def has_enough(self) -> bool:
        return self._size > MOST_WAITING

    def take(self, records: Iterable[Record]) -> None:
        for record in records:
            topic = record.topic
            key = (topic, record.partition) if is_market(topic) else topic
            found = self._waiting.get(key)
            if found is None:
                found = self._waiting[key] = Waiting(self._clock())
            found.records.append(record)
            self._size += 1
            if len(found.records) >= ROWS:
                self._send(key)

    def send_due(self) -> None:
        now = self._clock()
        for key, found in list(self._waiting.items()):
            if now - found.since >= SECONDS:
                self._send(key)

    def send_all(self) -> None:
        for key in list(self._waiting):
            self._send(key)

    def settle(self) -> dict[Place, int]:
        """What has been written since the last time; raises what kept something from it."""
        ends: dict[Place, int] = {}
        while self._batches and self._batches[0].written.done():
            batch = self._batches.popleft()
            batch.written.result()
            self._size -= batch.size
            ends.update(batch.ends)
        return ends

    def finish(self, patience_s: float) -> dict[Place, int]:
        """Waits until everything that was sent is written, as long as there is patience."""
        end = self._clock() + patience_s
        for batch in self._batches:
            try:
                batch.written.exception(max(0.0, end - self._clock()))
            except TimeoutError:
                break
        try:
            return self.settle()
        except Stopped:
            return {}

    def close(self) -> None:
        self._thread.shutdown(cancel_futures=True)

    # What the source asks ------------------------------------------------------------------------

    def starts(self, places: Iterable[Place]) -> Mapping[Place, int]:
        return self._find_starts(places)

    def give_up(self, places: Iterable[Place]) -> None:
        self.send_all()
        self.finish(GIVE_UP_S)

    def _send(self, key: object) -> None:
        records = self._waiting.pop(key).records
        ends = {place: last + 1 for place, (_, last, _) in spans(records).items()}
        written = self._thread.submit(self._write, records)
        self._batches.append(Batch(ends, len(records), written))
