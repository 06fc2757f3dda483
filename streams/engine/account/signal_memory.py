"""Which signals had their turn, in all accounts of a shard together: they mostly see the same ones.

Rules of this file: an id is forgotten when its last turn is older than any account of the shard ever
remembers, at the end of a batch: within one an account may be far behind another. What is forgotten here
could not have counted any more.
"""

from collections import deque
from collections.abc import Iterable

import msgspec

ROW = 2048
"""Ids in one row at most: a record of Kafka holds a megabyte."""


class SeenRow(msgspec.Struct, array_like=True):
    """Ids whose turn came since the last row; a newer row says all of an id that an older one said."""

    newest: int
    """The last turn in it."""
    groups: list[int]
    """Sets of accounts: bit n is account n."""
    ids: list[tuple[str, list[int]]]
    """Each id with its turns: a time and the group whose last turn that was, and so on."""


class SignalMemory:
    """The turns of (source, signal id)."""

    def __init__(self) -> None:
        self.keep = 0
        """For how long ids count in the account that remembers longest."""
        self._turns: dict[str, list[int]] = {}
        """Of each id: a time, the set of accounts whose last turn that was, and so on; times rise."""
        self._order: deque[tuple[int, str]] = deque()
        """Turns by time; those that a later one has replaced are passed over."""
        self._fresh: dict[str, None] = {}
        """Ids with a turn since the last rows were taken."""

    def remember_for(self, duration: int) -> None:
        self.keep = max(self.keep, duration)

    def turn(self, account: int, key: str, time: int) -> int | None:
        """The account's turn with this id: remember it and answer when the one before was."""
        bit, before = 1 << account, None
        turns = self._turns.setdefault(key, [])
        for at in range(0, len(turns), 2):
            if turns[at + 1] & bit:
                before = turns[at]
                turns[at + 1] ^= bit
                if not turns[at + 1]:
                    del turns[at : at + 2]
                break
        place = len(turns)
        while place and turns[place - 2] > time:  # within a batch accounts come one after another
            place -= 2
        if place and turns[place - 2] == time:
            turns[place - 1] |= bit
        else:
            turns[place:place] = (time, bit)
            self._order.append((time, key))
        self._fresh[key] = None
        return before

    def forget(self, time: int) -> None:
        """All accounts have come to that time: what no longer counts goes."""
        before = time - self.keep
        while self._order and self._order[0][0] < before:
            key = self._order.popleft()[1]
            turns = self._turns.get(key)
            if turns is not None and turns[-2] < before:
                del self._turns[key]
                self._fresh.pop(key, None)

    def take_rows(self) -> list[SeenRow]:
        """What came since the last call."""
        keys = list(self._fresh)
        self._fresh.clear()
        return [self._row(keys[at : at + ROW]) for at in range(0, len(keys), ROW)]

    def as_of(self, time: int) -> SeenRow:
        """All that still counts."""
        for key in [key for key, turns in self._turns.items() if turns[-2] < time - self.keep]:
            del self._turns[key]
            self._fresh.pop(key, None)
        return self._row(sorted(self._turns)) if self._turns else SeenRow(time, [], [])

    def _row(self, keys: list[str]) -> SeenRow:
        groups: dict[int, int] = {}
        ids = []
        for key in keys:
            turns = list(self._turns[key])
            turns[1::2] = [groups.setdefault(group, len(groups)) for group in turns[1::2]]
            ids.append((key, turns))
        return SeenRow(max(turns[-2] for _, turns in ids), list(groups), ids)

    def restore(self, rows: Iterable[SeenRow]) -> None:
        """Remember what these rows say, the oldest first."""
        for row in rows:
            for key, turns in row.ids:
                turns[1::2] = [row.groups[group] for group in turns[1::2]]
                self._turns[key] = turns
        self._order.extend(sorted((turns[-2], key) for key, turns in self._turns.items()))
