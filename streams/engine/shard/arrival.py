"""An entry that has come behind the last record of a market."""

from typing import NamedTuple

from schemas.messages import Command, Signal
from streams.engine.account.account import Account
from streams.engine.market.moment import Moment
from streams.engine.trading import step, turns


class Arrival(NamedTuple):
    entry: Signal | Command
    number: int
    """They rise from one entry to the next."""
    newest: int = 0
    """The market's newest time, where more of it has come than was folded."""
    max_ahead: int | None = None
    """How far ahead of the market it may be; None: as far as it likes."""

    @property
    def may_change_settings(self) -> bool:
        return isinstance(self.entry, Command) and self.entry.kind == "change"

    def too_far_ahead(self, now: Moment | None) -> int:
        """How far it is ahead of the market, where that is too far; else 0."""
        if now is None or self.max_ahead is None:
            return 0
        ahead = self.entry.ts - max(self.newest, now.time)
        return ahead if ahead > self.max_ahead else 0

    def admit(self, account: Account, now: Moment | None) -> bool:
        """Whether it matters to the account."""
        ahead = self.too_far_ahead(now)
        if now is not None and self.max_ahead is not None and ahead:
            turns.refuse_ahead(account, self.entry, now, ahead, self.max_ahead)
            return False
        return step.admit(account, self.entry, self.number, now)
