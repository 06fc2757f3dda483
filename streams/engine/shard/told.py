"""What a fold told: by which account at which record, and quiet minutes as columns.

Rules of this file: accounts are added one after the other in their order, each one's parts as they happened;
so a sort by record that keeps the order of equals puts all messages in order.
"""

from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby
from operator import attrgetter, itemgetter
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
        return _in_order(part for part in self.parts if isinstance(part, ToldAt))

    def minutes(self) -> list[ToldMinutes]:
        """Each account's own in order."""
        return [part for part in self.parts if isinstance(part, ToldMinutes)]

    def __iter__(self) -> Iterator[Output]:
        for _, _, outputs in _in_order(self._singles()):
            yield from outputs

    def _singles(self) -> Iterator[ToldAt]:
        for part in self.parts:
            if isinstance(part, ToldAt):
                yield part
                continue
            rows, number, equity = part
            each = zip(rows.tolist(), equity.messages(), strict=False)
            yield from (ToldAt(row, number, [message]) for row, message in each)


def _in_order(parts: Iterable[ToldAt]) -> list[ToldAt]:
    return sorted(parts, key=itemgetter(0))
