"""Records of a market as blocks of ticks and of bars.

Rules of this file:
- A block's rows are of one month, and blocks follow one another as their records do: what is in a table is
  always the beginning of what will be.
- Clocks leave no row, nor do ticks where they are not kept.
"""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from schemas.codec import Codec
from schemas.columns import BAR, NOT_KNOWN, NOT_QUOTED, TICK, Columns, Ints
from schemas.errors import MessageError
from schemas.market.ticks import MarketReader
from sinks.blocks.columns import PLACE, SENT, TIME
from sinks.blocks.native_blocks import Column, block, few, nullable, plain
from sinks.blocks.records import Partition, Record, RecordRun
from sinks.blocks.tables import BARS, TICKS

Flags = npt.NDArray[np.bool_]


class MarketBlock(NamedTuple):
    """Rows of one table and one month."""

    table: str
    names: tuple[str, ...]
    data: bytes
    rows: int
    last: int
    """The offset of the last record in it."""


class Read(NamedTuple):
    blocks: list[MarketBlock]
    faults: list[tuple[Record, MessageError]]


class MarketBlocks:
    """One partition of one market."""

    def __init__(self, topic: str, codec: Codec, *, keeps_ticks: bool = True) -> None:
        self._reader = MarketReader(codec, topic)
        self._kept = {TICKS: TICK, BARS: BAR} if keeps_ticks else {BARS: BAR}

    def read(self, run: RecordRun, ends: Mapping[str, int]) -> Read:
        """What these records say. `ends`: the offset of each table before which everything is there."""
        rows = self._reader.read(run.keys, run.values)
        offsets, times = np.array(run.offsets, np.int64), np.array(run.times, np.int64)
        part = PartOfMarket(run.place, rows.columns, offsets[rows.record], times[rows.record])
        kinds = rows.columns.kind
        blocks: list[MarketBlock] = []
        for table, kind in self._kept.items():
            is_wanted = part.offset >= ends.get(table, 0)
            if kinds is not None:
                is_wanted &= kinds == kind
            elif kind != TICK:
                continue
            blocks += part.blocks(table, np.flatnonzero(is_wanted))
        records = [*run.records()] if rows.faults else []
        return Read(blocks, [(records[at], error) for at, error in rows.faults])


class PartOfMarket(NamedTuple):
    """Market rows with their places."""

    place: Partition
    columns: Columns
    offset: Ints
    time: Ints

    def blocks(self, table: str, chosen: Ints) -> Iterator[MarketBlock]:
        """The chosen rows, month by month as they come."""
        if not len(chosen):
            return
        months = self.columns.ts[chosen].astype("M8[us]").astype("M8[M]").astype(np.int64)
        for rows in np.split(chosen, np.flatnonzero(np.diff(months)) + 1):
            made = [*(self._tick(rows) if table == TICKS else self._bar(rows)), *self._place(rows)]
            names = tuple(column.name for column in made)
            yield MarketBlock(table, names, block(len(rows), made), len(rows), int(self.offset[rows[-1]]))

    def _tick(self, rows: Ints) -> Iterator[Column]:
        of = self.columns
        yield from self._symbol_and_ts(rows)
        for name, absent in (
            ("price", NOT_QUOTED),
            ("size", NOT_KNOWN),
            ("bid", NOT_QUOTED),
            ("ask", NOT_QUOTED),
        ):
            values: Ints = getattr(of, name)[rows]
            yield nullable(name, SENT, np.maximum(values, 0), values == absent)
        yield plain("k_row", "UInt32", self._numbers_in_record(rows).astype(np.uint32))

    def _bar(self, rows: Ints) -> Iterator[Column]:
        of = self.columns
        assert of.open is not None and of.high is not None and of.low is not None and of.interval is not None
        yield from self._symbol_and_ts(rows)
        for name, values in (("open", of.open), ("high", of.high), ("low", of.low), ("close", of.price)):
            yield plain(name, SENT, values[rows])
        for name, kind, values in (("volume", SENT, of.size), ("interval", "Int64", of.interval)):
            yield nullable(name, kind, values[rows], values[rows] == NOT_KNOWN)

    def _symbol_and_ts(self, rows: Ints) -> Iterator[Column]:
        numbers, keys = np.unique(self.columns.symbol[rows], return_inverse=True)
        yield few("symbol", [self.columns.names[number] for number in numbers.tolist()], keys)
        yield plain("ts", TIME, self.columns.ts[rows])

    def _place(self, rows: Ints) -> Iterator[Column]:
        count = len(rows)
        yield few("k_topic", [self.place.topic], np.zeros(count, np.uint8))
        yield plain("k_partition", PLACE["k_partition"], np.full(count, self.place.partition, np.uint16))
        yield plain("k_offset", PLACE["k_offset"], self.offset[rows].astype(np.uint64))
        yield plain("k_time", PLACE["k_time"], self.time[rows])

    def _numbers_in_record(self, rows: Ints) -> Ints:
        """Counted from 0 in each record."""
        offsets = self.offset[rows]
        firsts = np.flatnonzero(np.diff(offsets, prepend=-1))
        return np.arange(len(rows)) - np.repeat(firsts, np.diff(firsts, append=len(rows)))
