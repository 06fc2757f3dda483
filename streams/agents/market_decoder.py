"""A market's records as a run of columns: decoded once, and checked once, for every shard of the process.

Rules of this file: a record that is no message, or whose time lies ahead of when the broker took it in, is a
fault and leaves no row. What a run comes to is kept beside it for the next shard that stands where this one
stood.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from schemas.columns import Columns, Ints
from schemas.errors import MessageError
from schemas.market.ticks import MarketReader
from schemas.text.numbers import TIME_END
from streams.engine.market.record_checks import own_times, take
from streams.engine.model.units import FOREVER, MILLISECOND, SECOND
from streams.engine.shard.shared_batches import SharedBatches
from streams.transport.contract.machine import Raw
from streams.transport.kafka.raws import Raws

SLACK = 10 * SECOND
"""How far ahead of its broker's time a record may be."""


@dataclass(frozen=True, slots=True)
class Fault:
    """A record that nobody can read, and why."""

    raw: Raw
    reason: str


@dataclass(frozen=True, slots=True)
class MarketRun:
    """Consecutive records of one market."""

    first: int
    end: int
    newest: int
    columns: Columns
    offsets: Ints
    """The record that each row came from, by its offset; it never falls."""
    faults: tuple[Fault, ...] = ()
    batches: SharedBatches = field(default_factory=SharedBatches)

    @property
    def rows(self) -> int:
        return len(self.columns) + len(self.faults)

    @property
    def oldest(self) -> int:
        times = own_times(self.columns)
        return int(times[0]) if len(times) else 0

    def since(self, offset: int) -> "MarketRun":
        if offset <= self.first:
            return self
        row = int(self.offsets.searchsorted(offset))
        return self._part(min(offset, self.end), self.end, slice(row, None))

    def until(self, offset: int) -> "MarketRun":
        if offset >= self.end:
            return self
        row = int(self.offsets.searchsorted(offset))
        return self._part(self.first, max(offset, self.first), slice(0, row))

    def _part(self, first: int, end: int, rows: slice) -> "MarketRun":
        columns = take(self.columns, rows)
        faults = tuple(fault for fault in self.faults if first <= fault.raw.offset < end)
        newest = _newest(own_times(columns))
        return replace(
            self, first=first, end=end, newest=newest, columns=columns, offsets=self.offsets[rows],
            faults=faults, batches=SharedBatches(),
        )  # fmt: skip


class MarketDecoder:
    """Reads the markets of a process."""

    def __init__(self) -> None:
        self._readers: dict[str, MarketReader] = {}

    def decode(self, topic: str, raws: Sequence[Raw]) -> MarketRun:
        """The rows of consecutive records."""
        reader = self._readers.setdefault(topic, MarketReader(topic=topic))
        records = Raws.of(raws)
        found = reader.read(records.keys, records.values)
        faults = {at: str(error) for at, error in found.faults}
        columns, record = found.columns, found.record
        times = own_times(columns)
        latest = _latest(records.timestamps)
        ahead = times > latest[record]
        if ahead.any():
            for at in dict.fromkeys(record[ahead].tolist()):
                worst = int(times[record == at].max())
                faults.setdefault(at, str(_ahead(worst, int(latest[at]))))
            columns, record, times = take(columns, ~ahead), record[~ahead], times[~ahead]
        return MarketRun(
            first=int(records.offsets[0]),
            end=int(records.offsets[-1]) + 1,
            newest=_newest(times),
            columns=columns,
            offsets=records.offsets[record],
            faults=tuple(Fault(records[at], faults[at]) for at in sorted(faults)),
        )


def _latest(stamps: Ints) -> Ints:
    """The last time that each record may have; a broker that tells none (below 0) bounds nothing."""
    known = np.minimum(stamps, TIME_END // MILLISECOND) * MILLISECOND + SLACK
    return np.where(stamps < 0, FOREVER, known)


def _ahead(time: int, latest: int) -> MessageError:
    return MessageError("ts", str(time), f"{latest} at most: ten seconds after the broker took it in")


def _newest(times: Ints) -> int:
    return int(times.max()) if len(times) else 0
