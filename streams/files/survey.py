"""What must be known of a file of bars before they are given on: their order, and how long they are."""

from collections.abc import Mapping

import numpy as np

from schemas.columns import NOT_KNOWN, Columns, Ints
from streams.files.order import LEAST, PartOfFile, RecordOrder, by_symbol
from streams.files.values.faults import BadRows
from streams.files.values.intervals import Interval, Opens

SHOWN = 3
SINGLE = Interval()
"""Of a bar that is the only one of its file."""

Given = Mapping[str, Interval]
"""What a person says of the bars of a symbol; of all under an empty name."""


class Survey:
    """Of one file, from a first reading."""

    def __init__(self, given: Given, asked: Mapping[str, Ints] | None = None) -> None:
        self.order = RecordOrder()
        self.closes: dict[tuple[str, int], int] = {}
        """When the bars end that open at the times that were asked for."""
        self._given = given
        self._asked = asked or {}
        self._opens: dict[str, Opens] = {}
        self._found: dict[tuple[str, int], int] = {}
        self._intervals: dict[str, Interval] = {}

    def add(self, columns: Columns) -> None:
        self.order.add(columns.names, columns.symbol, columns.ts)
        assert columns.interval is not None
        for symbol, places in by_symbol(columns):
            opens, said = columns.ts[places], columns.interval[places]
            self._opens.setdefault(symbol, Opens()).add(opens, said)
            if symbol in self._asked:
                hits = np.flatnonzero(np.isin(opens, self._asked[symbol]))
                pairs = zip(opens[hits].tolist(), said[hits].tolist(), strict=True)
                self._found.update({(symbol, ts): length for ts, length in pairs})

    def finish(self) -> None:
        own = {symbol: opens.interval() for symbol, opens in self._opens.items()}
        longest = max((each for each in own.values() if each), key=_length, default=SINGLE)
        usual = self._given.get("")
        self._intervals = {
            symbol: self._given.get(symbol) or usual or interval or longest
            for symbol, interval in own.items()
        }
        for (symbol, ts), length in self._found.items():
            self.closes[symbol, ts] = (
                ts + length if length != NOT_KNOWN else int(self._ends(symbol, np.array([ts]))[0])
            )

    def _ends(self, symbol: str, opens: Ints) -> Ints:
        return self._opens[symbol].ends(opens, self._intervals[symbol])

    @property
    def symbols(self) -> set[str]:
        return set(self._opens)

    def is_mixed(self) -> bool:
        """Whether a bar may be known before one that opened earlier."""
        said = {Interval(each) for opens in self._opens.values() for each in opens.said}
        found = {self._intervals[symbol] for symbol, opens in self._opens.items() if not opens.is_said}
        return len(said | found) > 1

    def tell(self, bad: BadRows) -> None:
        """What was taken for the bars of each symbol."""
        for symbol, opens in self._opens.items():
            for length in sorted(opens.said):
                bad.took(symbol, str(Interval(length)))
            if not opens.is_said:
                bad.took(symbol, str(self._intervals[symbol]))

    def fill(self, part: PartOfFile, fit: "Fit") -> None:
        """Bars that name no interval get theirs."""
        columns = part.columns
        assert columns.interval is not None
        for symbol, places in by_symbol(columns):
            opens = columns.ts[places]
            open_ended = columns.interval[places] == NOT_KNOWN
            if not open_ended.any():
                continue
            ends = self._ends(symbol, opens)
            lengths = np.where(open_ended, ends - opens, columns.interval[places])
            columns.interval[places] = lengths
            fit.look(part, symbol, str(self._intervals[symbol]), places, opens + lengths)


def _length(interval: Interval) -> int:
    return int(interval.ends(np.zeros(1, np.int64))[0])


class Fit:
    """Finds the bars that open before the one before them has ended."""

    def __init__(self, file: str, bad: BadRows) -> None:
        self._file, self._bad = file, bad
        self._until: dict[str, int] = {}
        self._count = 0

    def look(self, part: PartOfFile, symbol: str, interval: str, places: Ints, ends: Ints) -> None:
        opens = part.columns.ts[places]
        until = self._until.get(symbol, LEAST)
        if opens[0] >= until and (opens[1:] >= ends[:-1]).all():
            self._until[symbol] = int(ends[-1])
            return
        for place, opened, end in zip(places.tolist(), opens.tolist(), ends.tolist(), strict=True):
            if opened >= until:
                until = end
                continue
            self._count += 1
            if self._count <= SHOWN:
                self._bad.notes.append(
                    f"{self._file}, {part.word} {part.rows[place]}: does not fit: {symbol} opens before the"
                    f" previous bar of {interval} has ended (if bars are shorter, give --interval)"
                )
        self._until[symbol] = until

    def finish(self) -> None:
        if self._count > SHOWN:
            self._bad.notes.append(f"{self._file}: and {self._count - SHOWN:,} more rows that do not fit")
