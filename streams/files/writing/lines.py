"""What the engine tells, as lines of the result files.

Rules of this file: a line bears the place of what it tells, so that lines of accounts that were run apart
can be put in one order. A text that a spreadsheet would take for a formula has an apostrophe in front.
"""

import csv
from collections import defaultdict
from collections.abc import Iterator, Sequence
from math import ceil
from typing import Any, NamedTuple

from schemas.messages import Decision, Equity, Fill, Order, Output, Position, SliceTimer, Trade
from streams.engine.shard.told import Told, ToldAt
from streams.files.writing.equity_lines import MinuteLines, minute_lines
from streams.files.writing.layouts import EVERY_ROW, LAST_STATE

ENDED = frozenset({"filled", "cancelled", "expired", "rejected", "released", "skipped"})
"""States of orders and slices after which none follows."""
LAYOUTS = (*EVERY_ROW, *LAST_STATE)
MOST = 1 << 18
"""So many lines of quiet minutes, about, are in memory at once: of all accounts together."""


class _Text:
    """What csv writes, as the text itself."""

    @staticmethod
    def write(text: str) -> str:
        return text


ROWS = csv.writer(_Text(), lineterminator="\n")
QUOTED_ROWS = csv.writer(_Text(), lineterminator="\n", quoting=csv.QUOTE_ALL)


class Line(NamedTuple):
    """With its end."""

    row: int
    """Of the batch; below 0 before its first."""
    number: int
    """The account's."""
    file: str
    text: str


class Lines(NamedTuple):
    """Of some accounts, from some records."""

    singles: list[Line]
    """Each account's own in order."""
    minutes: list[MinuteLines]


class OpenLine(NamedTuple):
    """Of what is still open at the end."""

    began: tuple[int, int, int]
    """The batch, the record, the account: those that began first come first."""
    file: str
    text: str


class LineMaker:
    """Makes the lines of some accounts."""

    def __init__(self, numbers: Sequence[int], of: int) -> None:
        """`numbers`: each account's place among all; of so many are there lines in memory at once."""
        self.numbers = numbers
        self.records = max(1, MOST // of)
        """From so many are lines made at once."""
        self.writers = {layout.message: (layout.file, layout.writers()) for layout in LAYOUTS}
        self.kept: dict[type[Any], dict[tuple[str, str], tuple[tuple[int, int, int], Any]]]
        self.kept = {layout.message: {} for layout in LAST_STATE}
        self.batches = 0

    def lines(self, told: Told) -> Iterator[Lines]:
        """A piece at a time; how many there are follows from how many records were folded."""
        minutes = [part._replace(number=self.numbers[part.number]) for part in told.minutes()]
        singles: dict[int, list[Line]] = defaultdict(list)
        for part in told.events():
            for line in self._of(part):
                singles[max(line.row, 0) // self.records].append(line)
        for piece in range(max(1, ceil(told.records / self.records))):
            first, end = piece * self.records, (piece + 1) * self.records
            parts = [found for part in minutes if len((found := part.between(first, end)).rows)]
            yield Lines(singles[piece], [minute_lines(parts)] if parts else [])
        self.batches += 1

    def open_lines(self) -> list[OpenLine]:
        """What is still open, in the order in which it began."""
        return [
            OpenLine(began, *self._line(message))
            for layout in LAST_STATE
            for began, message in self.kept[layout.message].values()
        ]

    def _of(self, part: ToldAt) -> Iterator[Line]:
        number = self.numbers[part.number]
        for output in part.outputs:
            if self._is_row(output, (self.batches, part.row, number)):
                yield Line(part.row, number, *self._line(output))

    def _is_row(self, output: Output, place: tuple[int, int, int]) -> bool:
        match output:
            case Order():
                return self._ends(output, output.order_id, place, output.state in ENDED)
            case SliceTimer():
                return self._ends(output, output.slice_id, place, output.state in ENDED)
            case Position():
                self._ends(output, output.position_id, place, output.quantity == 0)
                return False  # one that is gone is no row
        return isinstance(output, Fill | Trade | Decision | Equity)

    def _ends(self, message: Any, name: str, place: tuple[int, int, int], ended: bool) -> bool:
        """Whether this is the last state of a thing; else it is kept."""
        kept = self.kept[type(message)]
        key = (message.account, name)
        if ended:
            kept.pop(key, None)
        else:
            began, _ = kept.get(key, (place, None))
            kept[key] = (began, message)
        return ended

    def _line(self, message: Output) -> tuple[str, str]:
        """The file, and the line."""
        file, writers = self.writers[type(message)]
        return file, line_of([write(getattr(message, column)) for column, write in writers])


def line_of(cells: Sequence[str]) -> str:
    has_return = any("\r" in cell for cell in cells)  # Python 3.11 leaves it bare, and it ends a row
    line: str = (QUOTED_ROWS if has_return else ROWS).writerow(cells)
    return line
