"""How far the prices of a symbol went in the batches that have passed, since any earlier record that counts.

Rules of this file: a column is kept only while something follows it, from the batch in which that began.
"""

from bisect import bisect_right

import msgspec

from streams.engine.market.moment import Moment
from streams.engine.market.series import Series
from streams.engine.model.units import FOREVER


class Extremes(msgspec.Struct, array_like=True):
    """Highest and lowest of a column since any earlier count, for the batches that have passed."""

    highs: list[tuple[int, int]] = []
    """(count at the batch's end, highest), highest falling: a newer higher one removes what it hides."""
    lows: list[tuple[int, int]] = []

    def push(self, count: int, highest: int, lowest: int) -> None:
        self._push_high(count, highest)
        self._push_low(count, lowest)

    def _push_high(self, count: int, highest: int) -> None:
        while self.highs and self.highs[-1][1] <= highest:
            self.highs.pop()
        self.highs.append((count, highest))

    def _push_low(self, count: int, lowest: int) -> None:
        while self.lows and self.lows[-1][1] >= lowest:
            self.lows.pop()
        self.lows.append((count, lowest))

    def since(self, count: int) -> tuple[int, int]:
        high = bisect_right(self.highs, (count, FOREVER))
        low = bisect_right(self.lows, (count, FOREVER))
        return (
            self.highs[high][1] if high < len(self.highs) else -FOREVER,
            self.lows[low][1] if low < len(self.lows) else FOREVER,
        )

    def copy(self) -> "Extremes":
        return Extremes(list(self.highs), list(self.lows))

    def join(self, other: "Extremes") -> None:
        """Take in what another knows of the same batches; one of the two may have begun earlier."""
        highs, lows = sorted({*self.highs, *other.highs}), sorted({*self.lows, *other.lows})
        self.highs, self.lows = [], []
        for count, highest in highs:
            self._push_high(count, highest)
        for count, lowest in lows:
            self._push_low(count, lowest)

    def thin(self, counts: list[int]) -> None:
        """Keep only what an answer since one of these counts needs."""
        for kept in (self.highs, self.lows):
            needed = {bisect_right(kept, (count, FOREVER)) for count in counts}
            kept[:] = [pair for at, pair in enumerate(kept) if at in needed]


Three = tuple[Extremes, Extremes, Extremes]
"""For sells, for buys and for marks."""


class PriceRanges:
    """The past of every symbol that is followed."""

    def __init__(self) -> None:
        self.symbols: dict[str, Three] = {}

    def copy(self) -> "PriceRanges":
        other = PriceRanges()
        for symbol, (sells, buys, marks) in self.symbols.items():
            other.symbols[symbol] = sells.copy(), buys.copy(), marks.copy()
        return other

    def join(self, other: "PriceRanges") -> None:
        """Take in what another knows of the same batches."""
        for symbol, theirs in other.symbols.items():
            ours = self.symbols.setdefault(symbol, theirs)
            if ours is not theirs:
                for one, another in zip(ours, theirs, strict=True):
                    one.join(another)

    def since(self, symbol: str, which: int, count: int) -> tuple[int, int]:
        """Highest and lowest over the batches that passed after that count."""
        found = self.symbols.get(symbol)
        return (-FOREVER, FOREVER) if found is None else found[which].since(count)

    def within(self, series: Series, which: int, since: int, until: int) -> tuple[int, int]:
        """Highest and lowest over the records with a count in (since, until], those of `series` included."""
        high, low = -FOREVER, FOREVER
        if since < series.base:
            high, low = self.since(series.symbol, which, since)
        start = max(0, since - series.base)
        if start < until - series.base:
            top, bottom = series.column(which).extremes(start, until - series.base)
            high, low = max(high, top), min(low, bottom)
        return high, low

    def at(
        self, now: Moment, symbol: str, which: int, since: int, until: int | None = None
    ) -> tuple[int, int, int]:
        """Highest and lowest of a symbol since a count, and the count that they reach."""
        series = now.batch.series.find(symbol)
        if series is None:
            return *self.since(symbol, which, since), now.batch.symbols.newest(symbol).records
        count = series.base + series.at_or_after(now.row + 1) if until is None else until
        return *self.within(series, which, since, count), count

    def take_in(self, series: Series, columns: set[int]) -> None:
        """The batch is done: remember how far these columns went, and nothing of the others."""
        if not columns:
            self.symbols.pop(series.symbol, None)
            return
        found = self.symbols.get(series.symbol)
        if found is None:
            found = self.symbols[series.symbol] = (Extremes(), Extremes(), Extremes())
        for which, extremes in enumerate(found):
            if which in columns:
                end = series.base + len(series)
                extremes.push(end, *series.column(which).extremes(0, len(series)))
            elif extremes.highs:
                extremes.highs.clear()
                extremes.lows.clear()
