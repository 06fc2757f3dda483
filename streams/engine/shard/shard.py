"""Many accounts, one market: only those that a batch concerns are stepped, at the records that concern them.

Who calls. `simulate` and `agents.machine` call `admit` for an entry that has arrived behind the last record,
and `pass_market` (or `fold`, of checked records) for the records behind it. Neither blocks, waits or raises
for what comes in; an error here is a broken invariant and ends the run.

How a batch is folded, `lane` says. Where too many accounts have something to do at once they become a crowd:
`catch_up` lets it follow, a few accounts a call, while the others go on. What an account tells is the same.
"""

from collections import defaultdict, deque
from collections.abc import Iterable, Iterator, Sequence

from schemas.columns import Columns
from schemas.messages import Command, Output, Signal
from streams.engine.account.account import Account
from streams.engine.account.shared import USUAL_BARS, LateEntries, Shared, wants_sessions
from streams.engine.account.signal_memory import SeenRow
from streams.engine.market.batch import Batch
from streams.engine.market.market import Market
from streams.engine.market.moment import Moment
from streams.engine.market.record_checks import Checked, Gatekeeper
from streams.engine.model.settings import Instruments, Settings
from streams.engine.model.settings_check import BadSettingsError
from streams.engine.model.units import SECOND
from streams.engine.shard import opening
from streams.engine.shard.arrival import Arrival
from streams.engine.shard.crowd import Crowd
from streams.engine.shard.lane import Lane, Touched
from streams.engine.shard.shared_batches import SharedBatches
from streams.engine.shard.told import Told
from streams.engine.shard.watches import Watch

A_FEW = 2
"""Accounts of a crowd that do something in one go: a thousandth of a second."""


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
        most_at_once: int | None = None,
        late: LateEntries | None = None,
    ) -> None:
        """`at_any_time`: accounts may come and change, so the usual of the market's past is always kept.

        `most_at_once`: more accounts that have something to do at once are a crowd; None: they never are.
        """
        self.instruments = instruments or Instruments()
        self.topic = topic
        """The market that its accounts trade in; None: whatever they say."""
        self.max_ahead = max_ahead
        """How far ahead of the market an entry may be; None: as far as it likes."""
        self.most_at_once = most_at_once
        self.gatekeeper = Gatekeeper(self.instruments.checks)
        self.shared = Shared(dict(USUAL_BARS) if at_any_time else {}, late)
        self.market = Market(
            sessions=at_any_time or any(map(wants_sessions, accounts)), histories=self.shared.histories
        )
        self.accounts: list[Account] = []
        self.numbers: dict[str, int] = {}
        self.front = Lane(self.shared)
        self.crowds: deque[Crowd] = deque()
        for settings in accounts:
            self.open(settings)

    @property
    def late(self) -> int:
        """How many entries were late for any account."""
        return self.shared.late.count

    def open(self, settings: Settings) -> None:
        """A new account: it lives from the next record on."""
        if settings.name in self.numbers:
            raise ValueError(f"two accounts are named {settings.name!r}: give one of them another name")
        self.take_up(Account(settings, self.instruments, number=len(self.accounts), shared=self.shared))

    def take_up(self, account: Account) -> None:
        """An account that is made already."""
        self.numbers[account.name] = account.number
        self.accounts.append(account)
        self.front.add(account)

    def resume(self) -> None:
        """Restored, it stands between two records."""
        self.front.stand_at(self.market.time, self.market.symbols)
        self.front.resume()

    # Entries -----------------------------------------------------------------------------------

    def admit(self, entry: Signal | Command, number: int, newest: int = 0) -> list[Output]:
        """An entry arrives behind the last record; numbers rise from one entry to the next.

        `newest`: the market's newest time, where more of it has come than was folded.
        """
        arrival = Arrival(entry, number, newest, self.max_ahead)
        if isinstance(entry, Signal):
            return self._admit_signal(arrival, entry)
        if entry.kind == "create" or entry.account not in self.numbers:
            now = self.front.now()
            return [self._open_by(entry, now, arrival.too_far_ahead(now))]
        account = self.accounts[self.numbers[entry.account]]
        crowd = next((each for each in self.crowds if account.number in each.lane.accounts), None)
        if crowd is None:
            return _all_of(self.front.admit(arrival, [account]))
        if arrival.may_change_settings:
            # What the market remembers follows from settings: nobody may be behind when they change.
            return [*self._bring_to_front(crowd), *_all_of(self.front.admit(arrival, [account]))]
        crowd.follow(crowd.lane.admit(arrival, [account]))
        return []

    def _admit_signal(self, arrival: Arrival, signal: Signal) -> list[Output]:
        for crowd in self.crowds:
            crowd.follow(crowd.lane.admit_signal(arrival, signal))
        concerned = self.front.followers.of(signal)
        if self._is_crowd(len(concerned)):
            concerned = self._without_followers(arrival, concerned)
        return _all_of(self.front.admit(arrival, concerned)) if concerned else []

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

    def signals_that_count(self) -> SeenRow:
        """Which signals had their turn, as far as anybody may still be asked."""
        return self.shared.signals.that_count(
            [account.remembers_since(self.market.time) for account in self.accounts]
        )

    # The market --------------------------------------------------------------------------------

    def pass_market(self, columns: Columns, known: SharedBatches | None = None) -> list[Output]:
        """Fold market records as they come from their log; `known` is what others made of them."""
        told: list[Output] = []
        for batch in (known or SharedBatches()).batches(self.gatekeeper, self.market, columns):
            told += _all_of(self._fold(batch))
        return told

    def fold(self, checked: Checked) -> Iterator[Told]:
        """Fold records that passed the checks, a batch at a time."""
        if len(checked):
            for batch in self.market.batches(checked):
                yield from self._fold(batch)

    def _fold(self, batch: Batch) -> Iterator[Told]:
        for crowd in self.crowds:
            crowd.follow(crowd.lane.fold(batch))
        touched = self.front.touched(batch)
        if self._is_crowd(len(touched)):
            touched = self._without_crowds(batch, touched)
        yield from self.front.pass_batch(batch, touched)
        if not self.crowds:
            self.shared.signals.forget(batch.last)

    # Crowds ------------------------------------------------------------------------------------

    @property
    def is_behind(self) -> bool:
        """Whether anybody is."""
        return bool(self.crowds)

    def catch_up(self) -> list[Output]:
        """One crowd after the other does a little of what it has to do."""
        crowd = self.crowds.popleft()
        if crowd.is_behind:
            self.crowds.append(crowd)
            return crowd.advance()
        self.front.join(crowd.lane)
        return []

    def _bring_to_front(self, crowd: Crowd) -> list[Output]:
        told: list[Output] = []
        while crowd.is_behind:
            told += crowd.advance()
        self.crowds.remove(crowd)
        self.front.join(crowd.lane)
        return told

    def _without_followers(self, arrival: Arrival, concerned: list[Account]) -> list[Account]:
        """Who stays in front, of those whom a signal concerns."""
        many = [account for account in concerned if _may_be_left(account)]
        if not self._is_crowd(len(many)):
            return concerned
        crowd = self._leave_behind(account.number for account in many)
        crowd.follow(crowd.lane.admit(arrival, many))
        return [account for account in concerned if not _may_be_left(account)]

    def _without_crowds(self, batch: Batch, touched: Touched) -> Touched:
        """Who has something of their own to do; who has the same to do as too many others is left behind."""
        occasions: dict[int | None, list[int]] = defaultdict(list)
        for number, watches in touched.items():
            if _may_be_left(self.accounts[number]):
                occasions[self._occasion(number, watches)].append(number)
        left = dict(touched)
        for numbers in occasions.values():
            if self._is_crowd(len(numbers)):
                crowd = self._leave_behind(numbers)
                crowd.follow(crowd.lane.pass_batch(batch, {number: left.pop(number) for number in numbers}))
        return left

    def _occasion(self, number: int, watches: Iterable[tuple[str, Watch]]) -> int | None:
        """The entry that the account is touched for, if it is for one."""
        inbox = self.accounts[number].inbox
        firsts = (inbox.first_of(watch.symbol) for _, watch in watches)
        return next((first for first in firsts if first is not None), None)

    def _is_crowd(self, accounts: int) -> bool:
        return self.most_at_once is not None and accounts > self.most_at_once

    def _leave_behind(self, numbers: Iterable[int]) -> Crowd:
        crowd = Crowd(self.front.apart(numbers, A_FEW))
        self.crowds.append(crowd)
        return crowd


def _may_be_left(account: Account) -> bool:
    """Settings that are about to change may say what the market remembers from then on."""
    return not account.inbox.changes


def _all_of(told: Iterator[Iterable[Output]]) -> list[Output]:
    return [output for some in told for output in some]
