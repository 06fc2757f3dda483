"""All watches of one symbol side by side, tested against a batch in a few numpy comparisons.

Rules of this file: a batch reaches a watch when one of its values does; trails that were not reached take
in the batch's extremes.
"""

import numpy as np

from schemas.columns import Ints
from streams.engine.market.column import BUY, MARK, SELL
from streams.engine.market.extremes import PriceRanges
from streams.engine.market.series import Series
from streams.engine.model.units import FOREVER, ONE
from streams.engine.shard.watches import LEVELS, NEVER, TIME, Watch

Owner = tuple[int, str]
"""The account's number, and the lot, order or symbol that watches."""


class Watchlist:
    """The watches of one symbol."""

    def __init__(self) -> None:
        self.rows: dict[Owner, int] = {}
        self.owners: list[Owner] = []
        self.watches: list[Watch] = []
        self._levels = np.full((LEVELS, 16), FOREVER, np.int64)
        self._best = np.zeros(16, np.int64)
        """Of trails: the extreme times the side."""
        self._trails: set[int] = set()
        self._fresh: set[int] = set()
        """Rows whose trail has not taken in the whole batch yet."""
        self._lots: set[int] = set()
        self._least: list[int] | None = None
        """Of each level the lowest of all rows: below it nothing is reached. None: to be looked up."""
        self._looked_at: list[int] = []
        """The columns that have levels."""

    def __len__(self) -> int:
        return len(self.owners)

    def put(self, owner: Owner, watch: Watch) -> None:
        row = self.rows.get(owner)
        if row is not None and watch.trail is None and self.watches[row] == watch:
            return
        if row is None:
            row = self.rows[owner] = len(self.owners)
            self.owners.append(owner)
            self.watches.append(watch)
            self._grow(row)
        self.watches[row] = watch
        self._levels[:, row] = watch.levels
        self._least = None
        for kept in (self._trails, self._fresh, self._lots):
            kept.discard(row)
        if watch.is_lot:
            self._lots.add(row)
        if watch.trail is not None:
            self._trails.add(row)
            self._fresh.add(row)

    def take(self, owner: Owner) -> Watch:
        """It is not watched here any more."""
        watch = self.watches[self.rows[owner]]
        self.remove(owner)
        return watch

    def remove(self, owner: Owner) -> None:
        """The last row takes the place of the one that goes."""
        row = self.rows.pop(owner, None)
        if row is None:
            return
        self._least = None
        last = len(self.owners) - 1
        for kept in (self._trails, self._fresh, self._lots):
            kept.discard(row)
            if last in kept:
                kept.remove(last)
                kept.add(row)
            kept.discard(last)
        if row != last:
            self.owners[row], self.watches[row] = self.owners[last], self.watches[last]
            self.rows[self.owners[row]] = row
            self._levels[:, row] = self._levels[:, last]
            self._best[row] = self._best[last]
        self.owners.pop()
        self.watches.pop()
        self._levels[:, last] = NEVER

    def _grow(self, row: int) -> None:
        if row >= self._levels.shape[1]:
            more = np.full_like(self._levels, FOREVER)
            self._levels = np.concatenate((self._levels, more), axis=1)
            self._best = np.concatenate((self._best, np.zeros_like(self._best)))

    def columns(self) -> set[int]:
        """Whose past is asked for: the marks of positions, and what trails follow."""
        if not self._trails:
            return {MARK} if self._lots else set()
        trails = (self.watches[row].trail for row in self._trails)
        followed = {trail.which for trail in trails if trail is not None}
        return followed | {MARK} if self._lots else followed

    def reached(self, series: Series) -> list[int]:
        """The rows that the batch may concern."""
        if self._least is None:
            self._least = self._look_up()
        least = self._least
        rows: set[int] = set()
        hit = series.last >= least[TIME]
        for which in self._looked_at:
            high, low = series.column(which).extremes(0, len(series))
            hit = hit or high >= least[2 * which] or -low >= least[2 * which + 1]
        if hit:
            rows.update(self._compare(series))
        if self._trails:
            rows.update(self._reached_trails(series))
        return sorted(rows)

    def _look_up(self) -> list[int]:
        least: list[int] = self._levels[:, : len(self.owners)].min(axis=1).tolist()
        self._looked_at = [which for which in (SELL, BUY, MARK) if min(least[2 * which :][:2]) < FOREVER]
        return least

    def _compare(self, series: Series) -> list[int]:
        """The rows of which a level was reached."""
        values = np.full(LEVELS, -FOREVER, np.int64)
        for which in self._looked_at:
            high, low = series.column(which).extremes(0, len(series))
            values[2 * which], values[2 * which + 1] = high, -low
        values[TIME] = series.last
        hit = (values[:, None] >= self._levels[:, : len(self.owners)]).any(axis=0)
        reached: list[int] = np.flatnonzero(hit).tolist()
        return reached

    @property
    def is_unsettled(self) -> bool:
        return bool(self._fresh)

    def _reached_trails(self, series: Series) -> list[int]:
        reached = []
        for which, side in ((SELL, 1), (BUY, -1)):  # what sells trails the highest, what buys the lowest
            rows = [row for row in self._trails if self._follows(row, which)]
            if rows:
                reached += self._reached_of(series, np.array(rows), which, side)
        return reached

    def _follows(self, row: int, which: int) -> bool:
        trail = self.watches[row].trail
        return trail is not None and trail.which == which

    def _reached_of(self, series: Series, rows: Ints, which: int, side: int) -> list[int]:
        high, low = series.column(which).extremes(0, len(series))
        good, bad = (high, low) if side > 0 else (-low, -high)
        best = np.maximum(self._best[rows], good)
        trails = [trail for row in rows.tolist() if (trail := self.watches[row].trail) is not None]
        share = np.array([trail.share for trail in trails])
        amount = np.array([trail.amount for trail in trails])
        size = np.abs(best)
        stops = best - (size // ONE * share + size % ONE * share // ONE) - amount
        hit = bad <= stops
        self._best[rows] = best
        reached: list[int] = rows[hit].tolist()
        self._fresh.update(reached)
        return reached

    def settle(self, ranges: PriceRanges, series: Series | None) -> None:
        """Trails that the batch reached, or that were set within it or before it, take in all of it."""
        for row in self._fresh:
            watch = self.watches[row]
            trail = watch.trail
            if trail is None:
                continue
            best = trail.side * trail.extreme
            if series is None:
                high, low = ranges.since(watch.symbol, trail.which, watch.since)
            else:
                high, low = ranges.within(series, trail.which, watch.since, series.base + len(series))
            if high > -FOREVER:
                best = max(best, high if trail.side > 0 else -low)
            self._best[row] = best
        self._fresh.clear()
