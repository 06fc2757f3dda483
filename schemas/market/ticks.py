"""A market's records to columns: a fraction of a microsecond a tick.

Rules of this file:
- A run of Avro ticks is read whole. A record of the run that is anything else (another version, JSON, a bar,
  a clock, a batch of ticks, or no message at all) is read by itself; order and result are the same.
- A record that is no message is a fault beside the columns and leaves no row.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from schemas.codec import Codec, default_codec
from schemas.columns import BAR, CLOCK, NOT_KNOWN, NOT_QUOTED, TICK, Columns, Ints
from schemas.errors import MessageError
from schemas.kinds import TickBatch
from schemas.messages import Bar, Clock, Message, Tick
from schemas.text.numbers import TIME_END
from schemas.wire.json_text import symbol_of_key
from schemas.wire.tick_record import FIELDS, batch_columns, longs_of, tick_records
from schemas.wire.varints import LongRecords

_TIME_END = np.uint64(TIME_END)
_RECORD, _SYMBOL, _TS = 0, 1, 2
_ROW = 2 + len(FIELDS)


@dataclass(frozen=True, slots=True)
class MarketRows:
    """What a batch of a market's records says."""

    columns: Columns
    record: Ints
    """Which record of the batch each row came from, never decreasing."""
    faults: list[tuple[int, MessageError]]
    """Records that are no messages, and why."""


class _Numbers(dict[bytes | None, int]):
    """The number of each name, given when the name is first seen."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self._by_name: dict[str, int] = {}

    def __missing__(self, key: bytes | None) -> int:
        found = self[key] = self.of(symbol_of_key(key))
        return found

    def of(self, name: str) -> int:
        found = self._by_name.get(name)
        if found is None:
            found = self._by_name[name] = len(self.names)
            self.names.append(name)
        return found


class MarketReader:
    """Reads one market. Its numbers of symbols stay, and `names` of all its columns is one growing list."""

    def __init__(self, codec: Codec | None = None, topic: str = "ticks") -> None:
        self.topic = topic
        self._codec = codec or default_codec()
        self._numbers = _Numbers()
        self._ticks = tick_records(self._codec.catalog.schemas.current("tick"))

    def read(self, keys: Sequence[bytes | None], values: Sequence[bytes | None]) -> MarketRows:
        """The rows of these records, in their order."""
        if len(keys) != len(values):
            raise ValueError("a record has a key and a value")
        return self._read_ticks(keys, values) or self._read_mixed(keys, values)

    def _read_ticks(self, keys: Sequence[bytes | None], values: Sequence[bytes | None]) -> MarketRows | None:
        """The rows when every record is a good Avro tick, else None."""
        try:
            longs = self._ticks.read(values)  # type: ignore[arg-type]  # None has no length: TypeError
            if longs is None or not _possible(longs).all():
                return None
            symbol = np.fromiter(map(self._numbers.__getitem__, keys), np.int32, len(keys))
        except (TypeError, MessageError):
            return None
        return MarketRows(Columns(self._numbers.names, symbol, *longs), np.arange(len(keys)), [])

    def _read_mixed(self, keys: Sequence[bytes | None], values: Sequence[bytes | None]) -> MarketRows:
        rows = _Rows(self._numbers)
        done = rows.add_ticks(self._ticks, keys, [value or b"" for value in values])
        for at, (key, value) in enumerate(zip(keys, values, strict=True)):
            if at in done:
                continue
            try:
                rows.add(at, self._codec.decode(self.topic, key, value))
            except MessageError as error:
                rows.faults.append((at, error))
        return rows.gather()


def _possible(longs: Ints) -> npt.NDArray[np.bool_]:
    """Which ticks have a time and a size that can be; a negative time is a huge unsigned one."""
    found: npt.NDArray[np.bool_] = longs[0].view(np.uint64) < _TIME_END
    found &= longs[2] >= NOT_KNOWN
    return found


@dataclass(slots=True)
class _Rows:
    """Rows in the making: runs of ticks, and beside them what only bars and clocks have."""

    numbers: _Numbers
    parts: list[Ints] = field(default_factory=list)
    """Each: a row for the record, the symbol and each field of a tick."""
    singles: list[tuple[int, ...]] = field(default_factory=list)
    others: list[tuple[int, ...]] = field(default_factory=list)
    """(record, kind, open, high, low, interval) of each bar and clock."""
    faults: list[tuple[int, MessageError]] = field(default_factory=list)

    def add_ticks(
        self, ticks: LongRecords, keys: Sequence[bytes | None], values: Sequence[bytes]
    ) -> frozenset[int]:
        """Add all good Avro ticks; the records that this covers."""
        chosen, longs = ticks.read_some(values)
        possible = _possible(longs)
        possible[possible] = [self._is_named(keys[at]) for at in chosen[possible].tolist()]
        chosen, longs = chosen[possible], longs[:, possible]
        covered = chosen.tolist()
        part = np.empty((_ROW, chosen.size), np.int64)
        part[_RECORD] = chosen
        part[_SYMBOL] = [self.numbers[keys[at]] for at in covered]
        part[_TS:] = longs
        self.parts.append(part)
        return frozenset(covered)

    def _is_named(self, key: bytes | None) -> bool:
        try:
            return self.numbers[key] >= 0
        except MessageError:
            return False

    def add(self, record: int, message: Message) -> None:
        if isinstance(message, Tick):
            self.singles.append((record, self.numbers.of(message.symbol), *longs_of(message)))
        elif isinstance(message, TickBatch):
            part = np.empty((_ROW, len(message)), np.int64)
            part[_RECORD] = record
            part[_SYMBOL] = self.numbers.of(message.symbol)
            part[_TS:] = batch_columns(message)
            self.parts.append(part)
        elif isinstance(message, Bar):
            volume = NOT_KNOWN if message.volume is None else message.volume
            symbol = self.numbers.of(message.symbol)
            self.singles.append((record, symbol, message.ts, message.close, volume, NOT_QUOTED, NOT_QUOTED))
            interval = NOT_KNOWN if message.interval is None else message.interval
            self.others.append((record, BAR, message.open, message.high, message.low, interval))
        elif isinstance(message, Clock):
            feed = self.numbers.of(message.feed)
            self.singles.append((record, feed, message.ts, NOT_QUOTED, NOT_KNOWN, NOT_QUOTED, NOT_QUOTED))
            self.others.append((record, CLOCK, 0, 0, 0, NOT_KNOWN))

    def gather(self) -> MarketRows:
        if self.singles:
            self.parts.append(np.array(self.singles, np.int64).T)
        rows = np.concatenate(self.parts, axis=1) if self.parts else np.empty((_ROW, 0), np.int64)
        record = rows[_RECORD]
        if (record[1:] < record[:-1]).any():
            rows = rows[:, np.argsort(record, kind="stable")]
        columns = Columns(self.numbers.names, rows[_SYMBOL].astype(np.int32), *rows[_TS:])
        if self.others:
            self._add_others(columns, rows[_RECORD])
        return MarketRows(columns, rows[_RECORD], self.faults)

    def _add_others(self, columns: Columns, record: Ints) -> None:
        others = np.array(self.others, np.int64).T
        where = np.searchsorted(record, others[0])
        columns.kind = np.full(len(record), TICK, np.int8)
        columns.kind[where] = others[1]
        columns.open, columns.high, columns.low = np.zeros((3, len(record)), np.int64)
        columns.interval = np.full(len(record), NOT_KNOWN, np.int64)
        for target, source in zip(
            (columns.open, columns.high, columns.low, columns.interval), others[2:], strict=True
        ):
            target[where] = source
