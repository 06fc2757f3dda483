"""Many accounts, one market: only those that a batch concerns are stepped, at the records that concern them.

Rules of this file: accounts know nothing of each other. Folding a batch gives what stepping every account
at every record would give.
"""

from collections import defaultdict
from collections.abc import Sequence
from heapq import heappop, heappush

from schemas.columns import Columns
from schemas.messages import Command, Output, Signal
from streams.engine import following, sizing
from streams.engine.account import Account, next_minute
from streams.engine.checks import Checked, Gatekeeper
from streams.engine.indicators import CORRELATED_DAYS
from streams.engine.market import Batch, Market, Moment, Series
from streams.engine.settings import Instruments, Settings
from streams.engine.units import DAY, FOREVER
from streams.engine.watching import TIME, Watch, watch_of
from streams.engine.watchlist import Watchlist

Told = tuple[int, int, list[Output]]
"""At which record of the batch, by which account, what."""


def wants_sessions(settings: Settings) -> bool:
    return any(condition.kind == "above_vwap" for part in settings.slices for condition in part.conditions)


def wanted_histories(settings: Settings) -> dict[int, int]:
    """Which bars the settings look at, and how many of them."""
    wanted = {}
    if sizing.needs_atr(settings):
        wanted[settings.atr_interval] = settings.atr_length + 2
    if settings.max_correlated is not None:
        wanted[DAY] = max(wanted.get(DAY, 0), CORRELATED_DAYS + 2)
    return wanted


def histories_for(accounts: Sequence[Settings]) -> dict[int, int]:
    """What any of the accounts looks at."""
    histories: dict[int, int] = {}
    for settings in accounts:
        for interval, keep in wanted_histories(settings).items():
            histories[interval] = max(keep, histories.get(interval, 0))
    return histories


class Shard:
    """Accounts and what they watch."""

    def __init__(self, accounts: Sequence[Settings], instruments: Instruments | None = None) -> None:
        self.instruments = instruments or Instruments()
        self.gatekeeper = Gatekeeper(self.instruments.checks)
        self.market = Market(sessions=any(map(wants_sessions, accounts)), histories=histories_for(accounts))
        self.accounts: list[Account] = []
        self.numbers: dict[str, int] = {}
        self.watchlists: dict[str, Watchlist] = defaultdict(Watchlist)
        self.now: Moment | None = None
        """The last record, which has passed."""
        self._wakes: list[tuple[int, int]] = []
        self._wake: list[int] = []
        self._watching: list[dict[str, str]] = []
        """Of each account: its keys and the symbol whose list they are on."""
        for settings in accounts:
            self.open(settings)

    def open(self, settings: Settings) -> None:
        """A new account: it lives from the next record on."""
        if settings.name in self.numbers:
            raise ValueError(f"two accounts are named {settings.name!r}: give one of them another name")
        self.numbers[settings.name] = len(self.accounts)
        self.accounts.append(Account(settings, self.instruments))
        self._wake.append(FOREVER)
        self._watching.append({})
        self._wake_at(len(self.accounts) - 1, -FOREVER)

    # Entries -----------------------------------------------------------------------------------

    def admit(self, entry: Signal | Command) -> list[Output]:
        """An entry arrives behind the last record."""
        if isinstance(entry, Signal):
            concerned = list(range(len(self.accounts)))
        else:
            number = self.numbers.get(entry.account)
            concerned = [] if number is None else [number]
        told: list[Output] = []
        for number in concerned:
            account = self.accounts[number]
            account.admit(entry, self.now)
            told += account.take_output()
            if self.now is not None:
                self._watch_anew(number, account, self.now)
                self._sleep(number, account, self.now.time)
        return told

    # The market --------------------------------------------------------------------------------

    def pass_market(self, columns: Columns) -> list[Output]:
        """Fold market records as they come from their log."""
        return self.fold(self.gatekeeper.check(columns))

    def fold(self, checked: Checked) -> list[Output]:
        """Fold records that passed the checks."""
        told: list[Output] = []
        if len(checked):
            for batch in self.market.batches(checked):
                told += self._fold(batch)
        return told

    def _fold(self, batch: Batch) -> list[Output]:
        touched: dict[int, list[tuple[str, Watch]]] = defaultdict(list)
        for symbol, series in batch.series.items():
            watchlist = self.watchlists.get(symbol)
            if watchlist:
                for row in watchlist.reached(series):
                    number, key = watchlist.owners[row]
                    touched[number].append((key, watchlist.watches[row]))
        last = int(batch.time[-1])
        while self._wakes and self._wakes[0][0] <= last:
            time, number = heappop(self._wakes)
            if self._wake[number] == time:
                touched[number] += ()
        told: list[Told] = []
        for number in sorted(touched):
            _Run(self, number, batch, told).through(touched[number])
        for symbol, watchlist in self.watchlists.items():
            watchlist.settle(batch.series.get(symbol))
        self.now = Moment(batch, len(batch) - 1, passed=True)
        lists = self.watchlists.items()
        self.market.close(batch, {symbol: watchlist.columns() for symbol, watchlist in lists if watchlist})
        told.sort(key=lambda each: each[:2])
        return [output for _, _, outputs in told for output in outputs]

    def _watch_anew(self, number: int, account: Account, now: Moment) -> list[tuple[str, Watch]]:
        """Bring the account's watches up to date and answer those that changed."""
        changed = []
        watching = self._watching[number]
        for key in sorted(account.stale):
            watch = watch_of(account, key, now)
            symbol = watching.pop(key, None)
            if symbol is not None and (watch is None or watch.symbol != symbol):
                self.watchlists[symbol].remove((number, key))
            if watch is not None:
                watching[key] = watch.symbol
                self.watchlists[watch.symbol].put((number, key), watch)
                changed.append((key, watch))
        account.stale.clear()
        return changed

    def _sleep(self, number: int, account: Account, time: int) -> None:
        """Until the next record that means something whatever its symbol."""
        wake = account.wakes_at()
        if account.wants_minutes():
            wake = min(wake, next_minute(time))
        self._wake_at(number, wake)

    def _wake_at(self, number: int, wake: int) -> None:
        if self._wake[number] != wake or wake == -FOREVER:
            self._wake[number] = wake
            if wake < FOREVER:
                heappush(self._wakes, (wake, number))


class _Run:
    """One account through one batch, from one record that concerns it to the next."""

    def __init__(self, shard: Shard, number: int, batch: Batch, told: list[Told]) -> None:
        self.shard, self.number, self.batch, self.told = shard, number, batch, told
        self.account = shard.accounts[number]
        self.row = -1
        self.due: dict[str, int] = {}
        """The next record for each key."""
        self.heap: list[tuple[int, str]] = []

    def through(self, touched: list[tuple[str, Watch]]) -> None:
        for key, watch in touched:
            self._plan(key, watch)
        end = len(self.batch)
        while (row := self._next()) < end:
            minute = self._minute(row)
            if minute < row:
                self._tell_minute(minute)
            else:
                self._step(row)
        while (row := self._minute(end)) < end:
            self._tell_minute(row)
        following.end_batch(self.account, self.batch.series)
        self.shard._sleep(self.number, self.account, int(self.batch.time[-1]))

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
        account.step(now, frozenset(reached))
        account.stale |= reached
        if account.out.messages:
            self.told.append((row, self.number, account.take_output()))
        for key in account.stale:
            self.due.pop(key, None)
        for key, watch in self.shard._watch_anew(self.number, account, now):
            self._plan(key, watch)

    def _next(self) -> int:
        while self.heap and self.due.get(self.heap[0][1]) != self.heap[0][0]:
            heappop(self.heap)
        row = self.batch.first_at(self.account.wakes_at(), self.row + 1)
        return min(row, self.heap[0][0]) if self.heap else row

    def _minute(self, end: int) -> int:
        """The next record before `end` that begins a minute while a position is open; else `end`."""
        if not self.account.wants_minutes():
            return end
        batch, row = self.batch, self.row
        minute = next_minute(int(batch.time[row]) if row >= 0 else batch.previous)
        return min(end, batch.first_at(minute, row + 1)) if minute <= batch.last else end

    def _tell_minute(self, row: int) -> None:
        """A record that only begins a minute."""
        self.row = row
        self.account.begin_minute(self.batch, row)
        self.told.append((row, self.number, self.account.take_output()))

    def _plan(self, key: str, watch: Watch) -> None:
        """Find the first record from here on that the watch waits for."""
        series = self.batch.series.get(watch.symbol)
        if series is None:
            return
        index = first_reached(series, watch, series.at_or_after(self.row + 1))
        if index < len(series):
            row = series.row(index)
            self.due[key] = row
            heappush(self.heap, (row, key))


def first_reached(series: Series, watch: Watch, start: int) -> int:
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
        high, low = series.extremes(trail.which, watch.since, series.base + start)
        if high > -FOREVER:
            extreme = max(extreme, high) if trail.side > 0 else min(extreme, low)
        found = series.column(trail.which).trail(start, end, trail.side, extreme, trail.share, trail.amount)
        end = found if found >= 0 else end
    return end
