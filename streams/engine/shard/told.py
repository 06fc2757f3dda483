"""What a fold told: by which account at which record, and quiet minutes as columns.

Rules of this file: the parts of an account are in the order in which they happened; all messages together are
in the order of records, and at one record of accounts.
"""

from collections.abc import Iterator
from itertools import repeat
from typing import NamedTuple

from schemas.columns import Ints
from schemas.messages import Output
from streams.engine.account.equity_rows import EquityRows


class ToldAt(NamedTuple):
    """What an account told at a record of the batch."""

    row: int
    number: int
    outputs: list[Output]


class ToldMinutes(NamedTuple):
    """The equity that an account told of quiet minutes, and which records of the batch began them."""

    rows: Ints
    number: int
    equity: EquityRows

    def between(self, first: int, end: int) -> "ToldMinutes":
        """Those of the records from `first` on and before `end`."""
        start, stop = self.rows.searchsorted((first, end)).tolist()
        return ToldMinutes(self.rows[start:stop], self.number, self.equity.part(start, stop))


class Told:
    """Of one batch; iterated over, it is every message in order."""

    __slots__ = ("parts",)

    def __init__(self) -> None:
        self.parts: list[ToldAt | ToldMinutes] = []

    @classmethod
    def of(cls, outputs: list[Output]) -> "Told":
        """What was told between two batches."""
        told = cls()
        told.parts.append(ToldAt(-1, 0, outputs))
        return told

    def events(self) -> list[ToldAt]:
        """Without quiet minutes, in order."""
        return _in_order([part for part in self.parts if isinstance(part, ToldAt)])

    def minutes(self) -> list[ToldMinutes]:
        """Each account's own in order."""
        return [part for part in self.parts if isinstance(part, ToldMinutes)]

    def __iter__(self) -> Iterator[Output]:
        singles = self.events()
        for rows, number, equity in self.minutes():
            each = zip(rows.tolist(), repeat(number), equity.messages(), strict=False)
            singles += (ToldAt(row, number, [message]) for row, number, message in each)
        for _, _, outputs in _in_order(singles):
            yield from outputs


def _in_order(parts: list[ToldAt]) -> list[ToldAt]:
    return sorted(parts, key=lambda part: part[:2])
