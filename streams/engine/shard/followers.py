"""Which accounts of a lane a signal concerns, without asking each of them."""

from collections import defaultdict

from schemas.messages import Signal
from streams.engine.account.account import Account

EVERY_SOURCE = ""
"""Followed by who names none: no source is called so."""


class Followers:
    """Accounts by the sources that they follow."""

    def __init__(self) -> None:
        self._by_source: dict[str, dict[int, Account]] = defaultdict(dict)
        self._sources: dict[int, tuple[str, ...]] = {}
        """Under which each account is listed."""
        self._changing: dict[int, Account] = {}
        """Those whose settings are about to change, or have changed: under no source."""

    def add(self, account: Account) -> None:
        if account.inbox.changes:
            self._changing[account.number] = account
            return
        sources = self._sources[account.number] = account.settings.follow or (EVERY_SOURCE,)
        for source in sources:
            self._by_source[source][account.number] = account

    def remove(self, account: Account) -> None:
        self._changing.pop(account.number, None)
        for source in self._sources.pop(account.number, ()):
            followers = self._by_source[source]
            followers.pop(account.number, None)
            if not followers:
                del self._by_source[source]

    def expect_change(self, account: Account) -> None:
        """Until it has come nobody knows which sources it will follow."""
        self.remove(account)
        self._changing[account.number] = account

    def of(self, signal: Signal) -> list[Account]:
        """Those whom it concerns, by their numbers."""
        for account in list(self._changing.values()):
            if not account.inbox.changes:
                self.remove(account)
                self.add(account)
        by_source = self._by_source
        found = by_source.get(EVERY_SOURCE, {}) | by_source.get(signal.source, {}) | self._changing
        return [found[number] for number in sorted(found)]
