"""What a fold told: by which account at which record, and quiet minutes as columns.

Rules of this file: the parts of an account are in the order in which they happened; all messages together are
in the order of records, and at one record of accounts.
"""

from collections.abc import Iterator, Mapping
from itertools import groupby, repeat
from operator import attrgetter
from typing import NamedTuple

from schemas.columns import Ints
from schemas.messages import Output
from streams.engine.account.equity_rows import EquityRows


class ToldAt(NamedTuple):
    """What an account told at a record of the batch."""

    row: int
    """Below 0: before the first."""
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

    __slots__ = ("parts", "records")

    def __init__(self, records: int = 0) -> None:
        self.parts: list[ToldAt | ToldMinutes] = []
        self.records = records
        """How many the batch has; none between two batches."""

    def add(self, row: int, outputs: list[Output], numbers: Mapping[str, int]) -> None:
        """What accounts told one after the other; `numbers` by their names."""
        for account, some in groupby(outputs, key=attrgetter("account")):
            self.parts.append(ToldAt(row, numbers[account], list(some)))

    def events(self) -> list[ToldAt]:
        """Without quiet minutes, in order."""
        return _in_order([part for part in self.parts if isinstance(part, ToldAt)])

    def minutes(self) -> list[ToldMinutes]:
        """Each account's own in order."""
        return [part for part in self.parts if isinstance(part, ToldMinutes)]

    def __iter__(self) -> Iterator[Output]:
        singles = self.events()
        if minutes := self.minutes():
            for rows, number, equity in minutes:
                each = zip(rows.tolist(), repeat(number), equity.messages(), strict=False)
                singles += (ToldAt(row, number, [message]) for row, number, message in each)
            singles = _in_order(singles)
        for _, _, outputs in singles:
            yield from outputs


def _in_order(parts: list[ToldAt]) -> list[ToldAt]:
    return sorted(parts, key=lambda part: part[:2])
