"""Many accounts, one market: only those that a batch concerns are stepped, at the records that concern them.

Who calls. `simulate` and `agents.machine` call `admit` for an entry that has arrived behind the last record,
and `pass_market` (or `fold`, of checked records) for the records behind it. Neither blocks, waits or raises
for what comes in; an error here is a broken invariant and ends the run.

What must hold. Folding a batch gives, to the byte, what stepping every account at every record would give,
however the market is cut into batches. So accounts know nothing of each other, and a watch may be too early,
never too late.

How a batch is folded. Each symbol's watchlist tells in one search over columns which watches the batch
reaches, and a heap tells who wakes by time alone. Each account that is touched then runs through the batch by
itself (`_Run`), from one record that concerns it to the next; after each step what it waits for is watched
anew. Trails come last: only when all accounts are at the batch's end is it known how far prices went, and
what is remembered of the batch is its extremes. What was told is in order when it is read (`Told`).
"""

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from heapq import heappop, heappush

from schemas.columns import Columns
from schemas.messages import Command, Output, Signal
from streams.engine.account.account import Account
from streams.engine.account.shared import USUAL_BARS, Shared, wants_sessions
from streams.engine.execution import trailing
from streams.engine.market.batch import Batch, SeriesBySymbol
from streams.engine.market.extremes import PriceRanges
from streams.engine.market.market import Market, between
from streams.engine.market.moment import Moment
from streams.engine.market.record_checks import Checked, Gatekeeper
from streams.engine.market.series import Series
from streams.engine.model.calendars import next_minute
from streams.engine.model.settings import Instruments, Settings
from streams.engine.model.settings_check import BadSettingsError
from streams.engine.model.units import FOREVER, SECOND
from streams.engine.shard import opening
from streams.engine.shard.shared_batches import SharedBatches
from streams.engine.shard.told import Told, ToldAt, ToldMinutes
from streams.engine.shard.watches import TIME, Watch, watches_of
from streams.engine.shard.watchlist import Watchlist
from streams.engine.trading import step, turns


class Shard:
    """Accounts and what they watch."""

    def __init__(
        self,
        accounts: Sequence[Settings],
        instruments: Instruments | None = None,
        *,
        topic: str | None = None,
        max_ahead: int | None = None,
        at_any_time: bool = False,
    ) -> None:
        """`at_any_time`: accounts may come and change, so the usual of the market's past is always kept."""
        self.instruments = instruments or Instruments()
        self.topic = topic
        """The market that its accounts trade in; None: whatever they say."""
        self.max_ahead = max_ahead
        """How far ahead of the market an entry may be; None: as far as it likes."""
        self.late = 0
        """Entries that were late for any account."""
        self.gatekeeper = Gatekeeper(self.instruments.checks)
        self.shared = Shared(dict(USUAL_BARS) if at_any_time else {})
        self.market = Market(
            sessions=at_any_time or any(map(wants_sessions, accounts)), histories=self.shared.histories
        )
        self.accounts: list[Account] = []
        self.numbers: dict[str, int] = {}
        self.watchlists: dict[str, Watchlist] = defaultdict(Watchlist)
        self._wakes: list[tuple[int, int]] = []
        self._wake: list[int] = []
        self._watching: list[dict[str, str]] = []
        """Of each account: its keys and the symbol whose list they are on."""
        self._unsettled: set[str] = set()
        """Symbols whose list has trails that have not taken in what has passed."""
        self._now: Moment | None = None
        for settings in accounts:
            self.open(settings)

    def open(self, settings: Settings) -> None:
        """A new account: it lives from the next record on."""
        if settings.name in self.numbers:
            raise ValueError(f"two accounts are named {settings.name!r}: give one of them another name")
        account = Account(settings, self.instruments, number=len(self.accounts), shared=self.shared)
        self.take_up(account)
        self._wake_at(account.number, -FOREVER)

    def take_up(self, account: Account) -> None:
        """An account that is made already."""
        self.numbers[account.name] = account.number
        self.accounts.append(account)
        self._wake.append(FOREVER)
        self._watching.append({})

    def resume(self) -> None:
        """Restored, it stands between two records: watch what every account waits for."""
        now = between(self.market)
        for account in self.accounts:
            if now is not None:
                step.resume(account, now)
                self.watch(account, account.take_stale(), now)
                self.sleep(account, now.time)
            else:
                account.watch_anew(*account.inbox.symbols())
                self._wake_at(account.number, -FOREVER)
        self._settle()

    # Entries -----------------------------------------------------------------------------------

    def admit(self, entry: Signal | Command, number: int, newest: int = 0) -> list[Output]:
        """An entry arrives behind the last record; numbers rise from one entry to the next.

        `newest`: the market's newest time, where more of it has come than was folded.
        """
        if isinstance(entry, Signal):
            concerned = [account for account in self.accounts if turns.concerns(account, entry)]
            if not concerned:
                return []
        now = self._between()
        newest = newest if now is None else max(newest, now.time)
        ahead = 0 if now is None or self.max_ahead is None else entry.ts - newest - self.max_ahead
        if isinstance(entry, Command):
            if entry.kind == "create" or entry.account not in self.numbers:
                return [self._open_by(entry, now, ahead + (self.max_ahead or 0) if ahead > 0 else 0)]
            concerned = [self.accounts[self.numbers[entry.account]]]
        told: list[Output] = []
        late = False
        for account in concerned:
            counted = account.state.counts.late
            if now is not None and ahead > 0:
                turns.refuse_ahead(account, entry, now, entry.ts - newest, self.max_ahead or 0)
            elif step.admit(account, entry, number, now) and now is not None:
                self.watch(account, account.take_stale(), now)
                self.sleep(account, now.time)
            told += account.take_output()
            late = late or account.state.counts.late > counted
        self.late += late
        self._settle()
        return told

    def _between(self) -> Moment | None:
        """After the last record and before the next; made once for all entries that arrive there."""
        now, market = self._now, self.market
        if now is None or now.time != market.time or now.batch.symbols is not market.symbols:
            self._now = between(market)
        return self._now

    def _open_by(self, command: Command, now: Moment | None, ahead: int) -> Output:
        """Answer a command that opens an account, or that is for none; `ahead`: by too much, where not 0."""
        time = command.ts if now is None else max(command.ts, now.time)
        if now is not None and ahead and self.max_ahead is not None:
            measured, limit = ahead / SECOND, self.max_ahead / SECOND
            return opening.decision(command, now.time, "ahead", measured, limit)
        if command.kind != "create":
            return opening.decision(command, time, "no_account")
        known = self.numbers.get(command.account)
        if known is not None:
            created = self.accounts[known].state.created
            if created is not None and created[0] == command.command_id:
                return opening.decision(command, created[1])
            return opening.decision(command, time, "exists")
        try:
            settings = opening.settings_of(command, self.topic)
        except BadSettingsError as error:
            return opening.decision(command, time, f"bad_settings {error}")
        self.open(settings)
        self.accounts[-1].state.created = (command.command_id, time)
        return opening.decision(command, time)

    def pending(self) -> list[int]:
        """The numbers of the entries that may still take effect, ascending."""
        return sorted(self.shared.waiting)

    # The market --------------------------------------------------------------------------------

    def pass_market(self, columns: Columns, known: SharedBatches | None = None) -> list[Output]:
        """Fold market records as they come from their log; `known` is what others made of them."""
        told: list[Output] = []
        for batch in (known or SharedBatches()).batches(self.gatekeeper, self.market, columns):
            told += self._fold(batch)
        return told

    def fold(self, checked: Checked) -> Iterator[Told]:
        """Fold records that passed the checks, a batch at a time."""
        if len(checked):
            for batch in self.market.batches(checked):
                yield self._fold(batch)

    def _fold(self, batch: Batch) -> Told:
        touched: dict[int, list[tuple[str, Watch]]] = defaultdict(list)
        watched = self._watched(batch)
        for series, watchlist in watched:
            for row in watchlist.reached(series):
                number, key = watchlist.owners[row]
                touched[number].append((key, watchlist.watches[row]))
        last = int(batch.time[-1])
        while self._wakes and self._wakes[0][0] <= last:
            time, number = heappop(self._wakes)
            if self._wake[number] == time:
                self._wake[number] = FOREVER
                touched[number] += ()
        told = Told(len(batch))
        for number in sorted(touched):
            _Run(self, number, batch, told).through(touched[number])
        if touched:
            watched = self._watched(batch)
        self._unsettled.update(series.symbol for series, watchlist in watched if watchlist.is_unsettled)
        self._settle(batch.series)
        ranges = self.shared.ranges
        for series, watchlist in watched:
            ranges.take_in(series, watchlist.columns())
        for symbol in _in_both(ranges.symbols, batch.series):
            if not self.watchlists.get(symbol):
                del ranges.symbols[symbol]
        self.shared.signals.forget(last)
        return told

    def _watched(self, batch: Batch) -> list[tuple[Series, Watchlist]]:
        """The symbols of the batch that anybody watches."""
        lists, series = self.watchlists, batch.series
        return [(series[symbol], lists[symbol]) for symbol in _in_both(lists, series) if lists[symbol]]

    def _settle(self, series: SeriesBySymbol | None = None) -> None:
        """Trails take in what passed before they were watched."""
        for symbol in self._unsettled:
            watchlist = self.watchlists.get(symbol)
            if watchlist:
                watchlist.settle(self.shared.ranges, None if series is None else series.find(symbol))
        self._unsettled.clear()

    def watch(self, account: Account, stale: set[str], now: Moment) -> list[tuple[str, Watch]]:
        """Bring these watches of the account up to date and answer those that changed."""
        changed = []
        number = account.number
        watching = self._watching[number]
        for key, watch in watches_of(account, sorted(stale), now):
            symbol = watching.pop(key, None)
            if symbol is not None and (watch is None or watch.symbol != symbol):
                self.watchlists[symbol].remove((number, key))
            if watch is not None:
                watching[key] = watch.symbol
                self.watchlists[watch.symbol].put((number, key), watch)
                self._unsettled.add(watch.symbol)
                changed.append((key, watch))
        return changed

    def sleep(self, account: Account, time: int) -> None:
        """Until the next record that means something whatever its symbol."""
        wake = account.wakes_at()
        if account.wants_minutes():
            wake = min(wake, next_minute(time))
        self._wake_at(account.number, wake)

    def _wake_at(self, number: int, wake: int) -> None:
        if self._wake[number] != wake:
            self._wake[number] = wake
            if wake < FOREVER:
                heappush(self._wakes, (wake, number))


class _Run:
    """One account through one batch, from one record that concerns it to the next."""

    def __init__(self, shard: Shard, number: int, batch: Batch, told: Told) -> None:
        self.shard, self.number, self.batch, self.told = shard, number, batch, told
        self.account = shard.accounts[number]
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
        self.shard.sleep(self.account, int(self.batch.time[-1]))

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
            self.told.parts.append(ToldAt(row, self.number, account.take_output()))
        for key in stale:
            self.due.pop(key, None)
        for key, watch in self.shard.watch(account, stale, now):
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
            self.told.parts.append(ToldMinutes(rows, self.number, equity))
            return
        for row in rows.tolist():
            step.begin_minute(self.account, self.batch, row)
            self.told.parts.append(ToldAt(row, self.number, self.account.take_output()))

    def _plan(self, key: str, watch: Watch) -> None:
        """Find the first record from here on that the watch waits for."""
        series = self.batch.series.find(watch.symbol)
        if series is None:
            return
        start = series.at_or_after(self.row + 1)
        index = first_reached(series, self.shard.shared.ranges, watch, start)
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


def _in_both(one: Collection[str], other: Collection[str]) -> list[str]:
    """The market may have thousands of symbols, and so may those who watch: the fewer are gone through."""
    few, many = (one, other) if len(one) < len(other) else (other, one)
    return [symbol for symbol in few if symbol in many]
