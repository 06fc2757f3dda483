"""Which signals had their turn, in all accounts of a shard together: they mostly see the same ones.

Rules of this file: an id is forgotten when its last turn is older than any account of the shard ever
remembers, at the end of a batch: within one an account may be far behind another. What is forgotten here
could not have counted any more.
"""

from bisect import bisect_right
from collections import defaultdict, deque
from collections.abc import Iterable, Sequence
from itertools import accumulate
from operator import or_

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
        parts = (keys[at : at + ROW] for at in range(0, len(keys), ROW))
        return [_row([(key, self._turns[key]) for key in part]) for part in parts]

    def that_count(self, since: Sequence[int]) -> SeenRow:
        """All turns that may still count; `since`: of each account, from which time on they do."""
        masks: dict[int, int] = defaultdict(int)
        for account, time in enumerate(since):
            masks[time] |= 1 << account
        times = sorted(masks)
        groups = [0, *accumulate((masks[time] for time in times), or_)]
        found = []
        for key in sorted(self._turns):
            turns = self._turns[key]
            counting = [
                each
                for time, group in zip(turns[::2], turns[1::2], strict=True)
                if (count := group & groups[bisect_right(times, time)])
                for each in (time, count)
            ]
            if counting:
                found.append((key, counting))
        return _row(found)

    def restore(self, rows: Iterable[SeenRow]) -> None:
        """Remember what these rows say, the oldest first."""
        for row in rows:
            for key, turns in row.ids:
                turns[1::2] = [row.groups[group] for group in turns[1::2]]
                self._turns[key] = turns
        self._order.extend(sorted((turns[-2], key) for key, turns in self._turns.items()))


def _row(known: list[tuple[str, list[int]]]) -> SeenRow:
    groups: dict[int, int] = {}
    ids = []
    for key, turns in known:
        numbered = list(turns)
        numbered[1::2] = [groups.setdefault(group, len(groups)) for group in turns[1::2]]
        ids.append((key, numbered))
    return SeenRow(max((turns[-2] for _, turns in ids), default=0), list(groups), ids)
