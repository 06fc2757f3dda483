"""What is wrong with a file: as a whole, or in single rows that are left out."""

from collections import Counter
from dataclasses import dataclass

SHOWN = 10


class FileError(Exception):
    """A file that cannot be used at all."""


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row that was left out."""

    file: str
    row: str
    """As the reader of the file counts: `line 7` or `row 7`."""
    column: str
    found: str
    expected: str

    def __str__(self) -> str:
        column = f", {self.column}" if self.column else ""
        return f'{self.file}, {self.row}{column}: found "{self.found}"; expected {self.expected}'


class BadRows:
    """Counts the rows that were left out, and keeps the first few to show."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.first: list[BadRow] = []

    def __len__(self) -> int:
        return self.counts.total()

    @property
    def full(self) -> bool:
        return len(self.first) >= SHOWN

    def add(self, bad: BadRow) -> None:
        self.counts[bad.file] += 1
        if not self.full:
            self.first.append(bad)

    def add_uncounted(self, file: str, count: int) -> None:
        """Rows beyond those that are shown."""
        self.counts[file] += count

    def lines(self) -> list[str]:
        """The report, a line each."""
        if not len(self):
            return []
        shown = [str(bad) for bad in self.first]
        rest = len(self) - len(shown)
        return [f"{len(self)} bad rows were left out:", *shown, *([f"and {rest} more"] if rest else [])]
