"""What is to be told of files: what is wrong with one as a whole, or in single rows, and how it was read."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

SHOWN = 10
SYMBOLS_SHOWN = 5


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
    """Counts the rows that were left out, keeps the first few to show, and what else is to be told."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.first: list[BadRow] = []
        self.rounded: Counter[str] = Counter()
        """Rows with a number finer than 1e-8."""
        self.intervals: dict[str, list[str]] = {}
        """How long the bars of a symbol were taken to be; of several files, or as one says, maybe several."""
        self.notes: list[str] = []

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

    def took(self, symbol: str, interval: str) -> None:
        known = self.intervals.setdefault(symbol, [])
        if interval not in known:
            known.append(interval)

    def lines(self) -> list[str]:
        """The report, a line each."""
        told = [
            *self.notes,
            *(
                f"{file}: {count:,} rows have a number finer than 0.00000001, which was rounded to that"
                for file, count in sorted(self.rounded.items())
            ),
        ]
        if not len(self):
            return told
        shown = [str(bad) for bad in self.first]
        rest = len(self) - len(shown)
        return [
            *told,
            f"{len(self)} bad rows were left out:",
            *shown,
            *([f"and {rest} more"] if rest else []),
        ]

    def interval_lines(self) -> list[str]:
        """What the bars were taken for: the symbols of each interval."""
        symbols: dict[str, list[str]] = {}
        for symbol, intervals in sorted(self.intervals.items()):
            symbols.setdefault(" and ".join(intervals), []).append(symbol)
        return [f"bars of {interval}: {_few(names)}" for interval, names in sorted(symbols.items())]


def _few(names: Iterable[str]) -> str:
    first = list(names)
    rest = len(first) - SYMBOLS_SHOWN
    return ", ".join(first[:SYMBOLS_SHOWN]) + (f" and {rest} more" if rest > 0 else "")


class Good:
    """Counts the good rows of a file: one that has rows, none of them good, cannot be used."""

    def __init__(self, path: Path, bad: BadRows) -> None:
        self.count = 0
        self._path, self._bad, self._before = path, bad, bad.counts[path.name]

    def add(self, count: int) -> None:
        self.count += count

    def require_some(self) -> None:
        left_out = self._bad.counts[self._path.name] - self._before
        if left_out and not self.count:
            shown = [str(bad) for bad in self._bad.first if bad.file == self._path.name]
            raise FileError("\n".join([f"{self._path}: none of its {left_out:,} rows is valid", *shown]))
