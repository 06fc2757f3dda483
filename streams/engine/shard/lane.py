"""Accounts that stand at the same place of a market, and what they watch.

Who calls. `Shard` has one in front, which folds what comes at once, and behind it those of crowds (`crowd`).

What must hold. Folding a batch gives, to the byte, what stepping every account at every record would give,
however the market is cut into batches. So accounts know nothing of each other, and a watch may be too early,
never too late.

How a batch is folded. Each symbol's watchlist tells in one search over columns which watches the batch
reaches, and a heap tells who wakes by time alone. Each account that is touched then runs through the batch by
itself (`AccountRun`); after each step what it waits for is watched anew. Trails come last: only when all
accounts are at the batch's end is it known how far prices went, and what is remembered of the batch is its
extremes. What was told is in order when it is read (`Told`).
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from heapq import heappop, heappush
from typing import NamedTuple

from schemas.messages import Output, Signal
from streams.engine.account.account import Account
from streams.engine.account.shared import Shared
from streams.engine.market.batch import Batch, SeriesBySymbol
from streams.engine.market.market import between
from streams.engine.market.moment import Moment
from streams.engine.market.series import Series
from streams.engine.market.symbols import Symbols
from streams.engine.model.calendars import next_minute
from streams.engine.model.units import FOREVER
from streams.engine.shard.account_run import AccountRun
from streams.engine.shard.arrival import Arrival
from streams.engine.shard.followers import Followers
from streams.engine.shard.told import Told
from streams.engine.shard.watches import Watch, watches_of
from streams.engine.shard.watchlist import Watchlist
from streams.engine.trading import step

Touched = Mapping[int, list[tuple[str, Watch]]]
"""The accounts that a batch concerns, with the watches that it reaches."""


class Member(NamedTuple):
    """An account on its way from one lane to another."""

    account: Account
    watches: Mapping[str, Watch]
    wake: int


class Lane:
    """Where it stands, who stands there, and what they wait for."""

    def __init__(self, shared: Shared, a_few: int | None = None) -> None:
        """`a_few`: so many accounts do something before what they told is handed out; None: all."""
        self.shared = shared
        self.a_few = a_few
        self.time = -FOREVER
        self.symbols = Symbols()
        """What is known of the market where it stands."""
        self.accounts: dict[int, Account] = {}
        """By number."""
        self.followers = Followers()
        self.watchlists: dict[str, Watchlist] = defaultdict(Watchlist)
        self._wakes: list[tuple[int, int]] = []
        self._wake: dict[int, int] = {}
        self._watching: dict[int, dict[str, str]] = {}
        """Of each account: its keys and the symbol whose list they are on."""
        self._unsettled: set[str] = set()
        """Symbols whose list has trails that have not taken in what has passed."""
        self._now: Moment | None = None

    def stand_at(self, time: int, symbols: Symbols) -> None:
        self.time, self.symbols, self._now = time, symbols, None

    def now(self) -> Moment | None:
        """After the last record and before the next; None before the first."""
        if self._now is None:
            self._now = between(self.time, self.symbols, self.shared.histories)
        return self._now

    # Who is in it ------------------------------------------------------------------------------

    def add(self, account: Account) -> None:
        """It looks at the next record, whichever that is."""
        self.accounts[account.number] = account
        self.followers.add(account)
        self._watching[account.number] = {}
        self._wake_at(account.number, -FOREVER)

    def resume(self) -> None:
        """Its accounts were restored: watch what each of them waits for."""
        now = self.now()
        for account in self.accounts.values():
            if now is not None:
                step.resume(account, now)
                self._watch_anew(account, now)
            else:
                account.watch_anew(*account.inbox.symbols())
        self._settle()

    def apart(self, numbers: Iterable[int], a_few: int) -> "Lane":
        """These accounts in a lane of their own, at the same place."""
        lane = Lane(self.shared.apart(), a_few)
        lane.stand_at(self.time, self.symbols)
        for number in numbers:
            lane.take(self.let_go(number))
        return lane

    def join(self, other: "Lane") -> None:
        """Take in the accounts of a lane that has come to the same place."""
        self.shared.ranges.join(other.shared.ranges)
        for number in list(other.accounts):
            self.take(other.let_go(number))
        self._settle()

    def let_go(self, number: int) -> Member:
        watching = self._watching.pop(number)
        watches = {key: self.watchlists[symbol].take((number, key)) for key, symbol in watching.items()}
        account = self.accounts.pop(number)
        self.followers.remove(account)
        return Member(account, watches, self._wake.pop(number))

    def take(self, member: Member) -> None:
        """One that another lane at the same place let go."""
        account, watches, wake = member
        account.shared = self.shared
        self.accounts[account.number] = account
        self.followers.add(account)
        self._watching[account.number] = {}
        for key, watch in watches.items():
            self._put(account.number, key, watch)
        self._wake_at(account.number, wake)

    # Entries -----------------------------------------------------------------------------------

    def admit_signal(self, arrival: Arrival, signal: Signal) -> Iterator[list[Output]]:
        """For all whom it concerns when its turn comes."""
        yield from self.admit(arrival, self.followers.of(signal))

    def admit(self, arrival: Arrival, accounts: Iterable[Account]) -> Iterator[list[Output]]:
        """An entry for these accounts."""
        now = self.now()
        told: list[Output] = []
        for count, account in enumerate(accounts, 1):
            late = account.state.counts.late
            if arrival.admit(account, now) and now is not None:
                self._watch_anew(account, now)
            if arrival.may_change_settings:
                self.followers.expect_change(account)
            if account.state.counts.late > late:
                self.shared.late.add(arrival.number)
            told += account.take_output()
            if self._gives_way(count):
                yield told
                told = []
        self._settle()
        yield told

    # The market --------------------------------------------------------------------------------

    def fold(self, batch: Batch) -> Iterator[Told]:
        yield from self.pass_batch(batch, self.touched(batch))

    def touched(self, batch: Batch) -> Touched:
        touched: dict[int, list[tuple[str, Watch]]] = defaultdict(list)
        for series, watchlist in self._watched(batch):
            for row in watchlist.reached(series):
                number, key = watchlist.owners[row]
                touched[number].append((key, watchlist.watches[row]))
        while self._wakes and self._wakes[0][0] <= batch.last:
            time, number = heappop(self._wakes)
            if self._wake.get(number) == time:
                self._wake[number] = FOREVER
                touched[number] += ()
        return touched

    def pass_batch(self, batch: Batch, touched: Touched) -> Iterator[Told]:
        """The batch, of which it is known whom it concerns."""
        told = Told(len(batch))
        for count, number in enumerate(sorted(touched), 1):
            account = self.accounts[number]
            AccountRun(account, batch, told, self._watch).through(touched[number])
            self._sleep(account, batch.last)
            if self._gives_way(count):
                yield told
                told = Told(len(batch))
        self._end(batch)
        yield told

    def _gives_way(self, count: int) -> bool:
        return self.a_few is not None and not count % self.a_few

    def _end(self, batch: Batch) -> None:
        """All stand behind the batch: its extremes are what is remembered."""
        watched = self._watched(batch)
        self._unsettled.update(series.symbol for series, watchlist in watched if watchlist.is_unsettled)
        self._settle(batch.series)
        ranges = self.shared.ranges
        for series, watchlist in watched:
            ranges.take_in(series, watchlist.columns())
        for symbol in _in_both(ranges.symbols, batch.series):
            if not self.watchlists.get(symbol):
                del ranges.symbols[symbol]
        self.stand_at(batch.last, batch.after)

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

    # What they wait for ------------------------------------------------------------------------

    def _watch_anew(self, account: Account, now: Moment) -> None:
        self._watch(account, account.take_stale(), now)
        self._sleep(account, now.time)

    def _watch(self, account: Account, stale: set[str], now: Moment) -> list[tuple[str, Watch]]:
        """Bring these watches of the account up to date and answer those that changed."""
        changed = []
        number = account.number
        watching = self._watching[number]
        for key, watch in watches_of(account, sorted(stale), now):
            if watch is not None:
                self._put(number, key, watch)
                changed.append((key, watch))
            elif key in watching:
                self.watchlists[watching.pop(key)].remove((number, key))
        return changed

    def _put(self, number: int, key: str, watch: Watch) -> None:
        self._watching[number][key] = watch.symbol
        self.watchlists[watch.symbol].put((number, key), watch)
        if watch.trail is not None:
            self._unsettled.add(watch.symbol)

    def _sleep(self, account: Account, time: int) -> None:
        """Until the next record that means something whatever its symbol."""
        wake = account.wakes_at()
        if account.wants_minutes():
            wake = min(wake, next_minute(time))
        self._wake_at(account.number, wake)

    def _wake_at(self, number: int, wake: int) -> None:
        if self._wake.get(number) != wake:
            self._wake[number] = wake
            if wake < FOREVER:
                heappush(self._wakes, (wake, number))


def _in_both(one: Collection[str], other: Collection[str]) -> list[str]:
    """The market may have thousands of symbols, and so may those who watch: the fewer are gone through."""
    few, many = (one, other) if len(one) < len(other) else (other, one)
    return [symbol for symbol in few if symbol in many]
