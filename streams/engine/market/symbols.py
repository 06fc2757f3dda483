"""What is known of a market's symbols: one of them as a struct, all of them as columns.

Rules of this file: a value, of which each batch makes another; a symbol without a record is not in it.
"""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

import msgspec
import numpy as np

from schemas.columns import Ints
from streams.engine.market.bars import BUCKET, NO_BAR, Bars, PastBar, no_bars
from streams.engine.market.symbol_table import BySymbol, RowAt, RowsAt, SymbolNames, SymbolTable, Things
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


NONE_YET = SymbolNumbers()
RECORDS, TIME, MARK, SELL, BUY, INTERVAL, DAY = range(7)
"""Where the table has them."""


class Symbols(BySymbol[SymbolState]):
    """All that had a record."""

    __slots__ = ("_newest", "bars")

    def __init__(
        self,
        names: SymbolNames | None = None,
        table: SymbolTable | None = None,
        bars: Mapping[int, SymbolTable] | None = None,
    ) -> None:
        super().__init__(names, table or SymbolTable(SymbolNumbers(), things=2))
        """Besides the numbers, the table has the notional and the volume of the session."""
        self.bars = bars or {}
        """By interval: the newest bar of each symbol, and those that have ended."""
        self._newest: dict[str, SymbolNumbers] = {}
        """Of those that were asked for."""

    def newest(self, symbol: str) -> SymbolNumbers:
        """Before its first record the usual ones."""
        known = self._newest.get(symbol)
        if known is None:
            row = self.row(symbol)
            known = self._newest[symbol] = NONE_YET if row is None else SymbolNumbers(*row.numbers)
        return known

    def session_of(self, symbol: str) -> SessionVolume:
        row = self.row(symbol)
        return SessionVolume() if row is None else _session(row)

    def bars_of(self, symbol: str, interval: int) -> list[PastBar]:
        """The last of that interval, the newest unfinished."""
        table, place = self.bars.get(interval), self.names.places.get(symbol)
        if table is None or place is None:
            return []
        numbers, (ended,) = table.row(place)
        return [] if numbers[BUCKET] == NO_BAR[BUCKET] else [*(ended or ()), PastBar(*numbers)]

    def longest_interval(self) -> int:
        return int(self.table.columns().numbers[INTERVAL].max())

    def value(self, symbol: str, row: RowAt) -> SymbolState:
        bars = {}
        for interval in self.bars:
            if known := self.bars_of(symbol, interval):
                bars[interval] = Bars(known[-1], known[:-1])
        now = SymbolNumbers(*row.numbers)
        return SymbolState(symbol, *now[:-1], session=_session(row), bars=bars)

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


def _session(row: RowAt) -> SessionVolume:
    notional, volume = row.things
    return SessionVolume(row.numbers[DAY], notional or 0, volume or 0)


def _numbers(state: SymbolState) -> tuple[int, ...]:
    newest = state.count, state.time, state.mark, state.sell, state.buy, state.interval
    return *newest, state.session.day


def _things(rows: list[tuple[object, ...]], width: int) -> list[Things]:
    columns = [np.full(len(rows), None, object) for _ in range(width)]
    for at, row in enumerate(rows):
        for column, value in zip(columns, row, strict=True):
            column[at] = value
    return columns
