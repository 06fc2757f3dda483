"""What is known of a market's symbols: one of them as a struct, all of them as columns.

Rules of this file: a value, of which each batch makes another; a symbol without a record is not in it.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

import msgspec
import numpy as np

from schemas.columns import Ints
from streams.engine.market.bars import NO_BAR, Bars, PastBar, no_bars
from streams.engine.market.symbol_table import RowsAt, SymbolNames, SymbolTable, Things
from streams.engine.market.vwap import SessionVolume
from streams.engine.model.units import FOREVER


class SymbolState(msgspec.Struct, frozen=True, array_like=True):
    """What is left of a symbol's past when a batch has gone."""

    symbol: str
    count: int = 0
    """Records so far."""
    time: int = -FOREVER
    mark: int = 0
    sell: int = 0
    buy: int = 0
    interval: int = 0
    """Of its bars; 0 while it had none."""
    session: SessionVolume = SessionVolume()
    bars: dict[int, Bars] = {}
    """By interval."""

    def bars_of(self, interval: int) -> list[PastBar]:
        known = self.bars.get(interval)
        return [] if known is None else known.together()


class SymbolNumbers(NamedTuple):
    """The numbers of a symbol alone."""

    records: int = 0
    """So far."""
    time: int = -FOREVER
    mark: int = 0
    sell: int = 0
    buy: int = 0
    interval: int = 0
    day: int = SessionVolume().day
    """Of its session."""


RECORDS, TIME, MARK, SELL, BUY, INTERVAL, DAY = range(7)
"""Where the table has them."""


class Symbols(Mapping[str, SymbolState]):
    """All that had a record."""

    __slots__ = ("bars", "names", "table")

    def __init__(
        self,
        names: SymbolNames | None = None,
        table: SymbolTable | None = None,
        bars: Mapping[int, SymbolTable] | None = None,
    ) -> None:
        self.names = names or SymbolNames()
        self.table = table or SymbolTable(SymbolNumbers(), things=2)
        """Besides the numbers, the notional and the volume of the session."""
        self.bars = bars or {}
        """By interval: the newest bar of each symbol, and those that have ended."""

    def newest(self, symbol: str) -> SymbolNumbers | None:
        place = self.names.places.get(symbol)
        if place is None:
            return None
        found = SymbolNumbers(*self.table.row(place).numbers)
        return found if found.records else None

    def session_of(self, symbol: str) -> SessionVolume:
        place = self.names.places.get(symbol)
        if place is None:
            return SessionVolume()
        numbers, (notional, volume) = self.table.row(place)
        return SessionVolume(SymbolNumbers(*numbers).day, notional or 0, volume or 0)

    def bars_of(self, symbol: str, interval: int) -> list[PastBar]:
        """The last of that interval, the newest unfinished."""
        table, place = self.bars.get(interval), self.names.places.get(symbol)
        if table is None or place is None:
            return []
        numbers, (ended,) = table.row(place)
        return [] if numbers[0] == NO_BAR[0] else [*(ended or ()), PastBar(*numbers)]

    def longest_interval(self) -> int:
        return int(self.table.columns().numbers[INTERVAL].max())

    def get(self, symbol: str, default: object = None) -> SymbolState | None:  # type: ignore[override]
        place = self.names.places.get(symbol)
        return None if place is None else self._state(symbol, place)

    def _state(self, symbol: str, place: int) -> SymbolState | None:
        numbers, (notional, volume) = self.table.row(place)
        found = SymbolNumbers(*numbers)
        if not found.records:
            return None
        bars = {}
        for interval, table in self.bars.items():
            bar, (ended,) = table.row(place)
            if bar[0] != NO_BAR[0]:
                bars[interval] = Bars(PastBar(*bar), ended or [])
        session = SessionVolume(found.day, notional or 0, volume or 0)
        return SymbolState(symbol, *found[:-1], session=session, bars=bars)

    def __getitem__(self, symbol: str) -> SymbolState:
        found = self.get(symbol)
        if found is None:
            raise KeyError(symbol)
        return found

    def __contains__(self, symbol: object) -> bool:
        return isinstance(symbol, str) and self.newest(symbol) is not None

    def __iter__(self) -> Iterator[str]:
        names = list(self.names.places)
        return (names[place] for place in np.flatnonzero(self.counts()).tolist())

    def __len__(self) -> int:
        return int(np.count_nonzero(self.counts()))

    def counts(self) -> Ints:
        """By place; as it is now, to be copied by who keeps it."""
        counts: Ints = self.table.columns().numbers[RECORDS]
        return counts

    def with_states(self, states: Iterable[SymbolState]) -> "Symbols":
        """With these too; each once."""
        states = list(states)
        places = self._places(states)
        numbers = (
            np.array([_numbers(each) for each in states], np.int64).reshape(-1, len(SymbolNumbers._fields)).T
        )
        sums = _things([(each.session.notional, each.session.volume) for each in states], 2)
        bars = dict(self.bars)
        for interval in dict.fromkeys(interval for each in states for interval in each.bars):
            having = [each for each in states if interval in each.bars]
            known = [each.bars[interval] for each in having]
            newest = np.array([msgspec.structs.astuple(each.newest) for each in known], np.int64).T
            rows = RowsAt(newest, _things([(each.ended,) for each in known], 1))
            bars[interval] = (bars.get(interval) or no_bars()).with_rows(self._places(having), rows)
        return Symbols(self.names, self.table.with_rows(places, RowsAt(numbers, sums)), bars)

    def _places(self, states: Iterable[SymbolState]) -> Ints:
        return np.array([self.names.place_of(each.symbol) for each in states], np.int64)


def _numbers(state: SymbolState) -> tuple[int, ...]:
    newest = state.count, state.time, state.mark, state.sell, state.buy, state.interval
    return *newest, state.session.day


def _things(rows: list[tuple[object, ...]], width: int) -> list[Things]:
    columns = [np.full(len(rows), None, object) for _ in range(width)]
    for at, row in enumerate(rows):
        for column, value in zip(columns, row, strict=True):
            column[at] = value
    return columns
