"""One account through one batch, from one record that concerns it to the next."""

from collections.abc import Callable
from heapq import heappop, heappush

from streams.engine.account.account import Account
from streams.engine.execution import trailing
from streams.engine.market.batch import Batch
from streams.engine.market.extremes import PriceRanges
from streams.engine.market.moment import Moment
from streams.engine.market.series import Series
from streams.engine.model.units import FOREVER
from streams.engine.shard.told import Told, ToldAt, ToldMinutes
from streams.engine.shard.watches import TIME, Watch
from streams.engine.trading import step

WatchAnew = Callable[[Account, set[str], Moment], list[tuple[str, Watch]]]


class AccountRun:
    """What it does, and how far it has come."""

    def __init__(self, account: Account, batch: Batch, told: Told, watch: WatchAnew) -> None:
        """`watch` brings watches up to date and answers those that changed."""
        self.account, self.batch, self.told = account, batch, told
        self._watch = watch
        self.row = -1
        self.minute = 0
        """No record behind `row` and before this one begins a minute."""
        self.due: dict[str, int] = {}
        """The next record for each key."""
        self.heap: list[tuple[int, str]] = []

    def through(self, touched: list[tuple[str, Watch]]) -> None:
        for key, watch in touched:
            self._plan(key, watch)
        end = len(self.batch)
        while (row := self._next()) < end:
            self._pass_minutes(row)
            self._step(row)
        self._pass_minutes(end)
        trailing.end_batch(self.account, self.batch.series)

    def _step(self, row: int) -> None:
        self.row = row
        reached = set()
        while self.heap and self.heap[0][0] <= row:
            at, key = heappop(self.heap)
            if self.due.get(key) == at:
                del self.due[key]
                reached.add(key)
        now = Moment(self.batch, row)
        account = self.account
        step.step(account, now, frozenset(reached))
        stale = account.take_stale() | reached
        if account.out.messages:
            self.told.parts.append(ToldAt(row, self.account.number, account.take_output()))
        for key in stale:
            self.due.pop(key, None)
        for key, watch in self._watch(account, stale, now):
            self._plan(key, watch)

    def _next(self) -> int:
        while self.heap and self.due.get(self.heap[0][1]) != self.heap[0][0]:
            heappop(self.heap)
        row = self.batch.first_at(self.account.wakes_at(), self.row + 1)
        return min(row, self.heap[0][0]) if self.heap else row

    def _pass_minutes(self, end: int) -> None:
        """The records before `end` that only begin a minute, while a position is open."""
        if end <= self.minute or not self.account.wants_minutes():
            return
        rows = self.batch.minutes_between(self.row, end)
        self.minute = self.batch.minute_from(end)
        if not len(rows):
            return
        equity = step.begin_minutes(self.account, self.batch, rows)
        if equity is not None:
            self.told.parts.append(ToldMinutes(rows, self.account.number, equity))
            return
        for row in rows.tolist():
            step.begin_minute(self.account, self.batch, row)
            self.told.parts.append(ToldAt(row, self.account.number, self.account.take_output()))

    def _plan(self, key: str, watch: Watch) -> None:
        """Find the first record from here on that the watch waits for."""
        series = self.batch.series.find(watch.symbol)
        if series is None:
            return
        start = series.at_or_after(self.row + 1)
        index = first_reached(series, self.account.shared.ranges, watch, start)
        if index < len(series):
            row = series.row(index)
            self.due[key] = row
            heappush(self.heap, (row, key))


def first_reached(series: Series, ranges: PriceRanges, watch: Watch, start: int) -> int:
    """The index of the first record from `start` on that the watch waits for; the length if none is."""
    end = len(series)
    levels = watch.levels
    if levels[TIME] < FOREVER:
        at = max(start, int(series.time.searchsorted(levels[TIME])))
        end = min(end, at)
    for which in range(3):
        above, below = levels[2 * which], -levels[2 * which + 1]
        if above < FOREVER or below > -FOREVER:
            found = series.column(which).first(start, end, above, below)
            end = found if found >= 0 else end
    trail = watch.trail
    if trail is not None and start < end:
        extreme = trail.extreme
        high, low = ranges.within(series, trail.which, watch.since, series.base + start)
        if high > -FOREVER:
            extreme = max(extreme, high) if trail.side > 0 else min(extreme, low)
        found = series.column(trail.which).trail(start, end, trail.side, extreme, trail.share, trail.amount)
        end = found if found >= 0 else end
    return end
