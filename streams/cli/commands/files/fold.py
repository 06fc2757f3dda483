"""Some accounts folded over a market, as lines of the result files and what is to be said at the end."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from schemas.columns import Columns
from schemas.messages import Command, Output, Signal
from streams.engine.model.settings import Instruments, Settings
from streams.engine.results.statistics import Statistics
from streams.engine.shard.told import Told, ToldMinutes
from streams.engine.simulate import simulate
from streams.files.writing.lines import LineMaker, Lines, OpenLine

Entry = Signal | Command
Listener = Callable[[Iterable[Output]], None]


@dataclass(slots=True)
class Outcome:
    """What is to be said of a run."""

    accounts: dict[str, dict[str, Any]]
    """Each account's summary."""
    records: int
    symbols: set[str]
    """Those that the market has."""
    dropped: Counter[str]
    """The records that were dropped."""


@dataclass(slots=True)
class Seen:
    """What of the market has passed by."""

    records: int = 0
    first: int | None = None
    last: int | None = None
    symbols: set[str] = field(default_factory=set)

    def watched(self, market: Iterable[Columns]) -> Iterator[Columns]:
        for columns in market:
            known = columns.ts if columns.interval is None else columns.ts + np.maximum(columns.interval, 0)
            self.records += len(columns)
            if len(columns):
                first, last = int(known.min()), int(known.max())
                self.first = first if self.first is None else min(self.first, first)
                self.last = last if self.last is None else max(self.last, last)
                self.symbols.update(columns.names[n] for n in np.flatnonzero(np.bincount(columns.symbol)))
            yield columns


class Fold:
    """`numbers`: each account's place among all of the run, of which there are `of`."""

    def __init__(
        self,
        accounts: Sequence[Settings],
        numbers: Sequence[int],
        entries: Sequence[Entry],
        instruments: Instruments,
        of: int | None = None,
    ) -> None:
        self._accounts, self._entries, self._instruments = accounts, entries, instruments
        self._seen, self._dropped = Seen(), Counter[str]()
        self._statistics = {each.name: Statistics(each) for each in accounts}
        self._maker = LineMaker(numbers, of or len(accounts))

    def over(self, market: Iterable[Columns], listen: Listener | None = None) -> Iterator[Lines]:
        """How many pieces there are follows from the market alone."""
        watched = self._seen.watched(market)
        for told in simulate(self._accounts, watched, self._entries, self._instruments, self._dropped):
            _count(told, self._statistics)
            yield from self._maker.lines(told)
            if listen is not None:
                listen(told)

    def open_lines(self) -> list[OpenLine]:
        return self._maker.open_lines()

    def outcome(self) -> Outcome:
        seen = self._seen
        summaries = {
            name: {**each.summary(seen.first, seen.last), "late": _late(each)}
            for name, each in self._statistics.items()
        }
        return Outcome(summaries, seen.records, seen.symbols, self._dropped)


def _count(told: Told, statistics: dict[str, Statistics]) -> None:
    for part in told.parts:
        if isinstance(part, ToldMinutes):
            statistics[part.equity.account].add_minutes(part.equity)
        else:
            for output in part.outputs:
                statistics[output.account].add(output)


def _late(statistics: Statistics) -> int:
    return statistics.decisions.get("late", Counter()).total()
