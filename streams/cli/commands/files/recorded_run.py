"""One run of accounts over a market: the engine between the files that come in and those that go out."""

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import numpy as np

from schemas.columns import Columns
from schemas.messages import Command, Output, Signal
from streams.engine.model.settings import Instruments, Settings
from streams.engine.results.statistics import Statistics
from streams.engine.shard.told import Told, ToldMinutes
from streams.engine.simulate import simulate
from streams.files.values.faults import BadRows
from streams.files.writing.results import Results
from streams.files.writing.whole import whole

SUMMARY = "summary.json"

Entry = Signal | Command
Listener = Callable[[Iterable[Output]], None]


@dataclass(slots=True)
class Seen:
    """What of the market has passed by."""

    records: int = 0
    first: int | None = None
    last: int | None = None
    dropped: Counter[str] = field(default_factory=Counter)
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


@dataclass(slots=True)
class RecordedRun:
    """What a run needs."""

    accounts: Sequence[Settings]
    market: Iterable[Columns]
    entries: Sequence[Entry]
    instruments: Instruments
    folder: Path
    bad: BadRows = field(default_factory=BadRows)

    def execute(self, listen: Listener = lambda told: None) -> dict[str, Any]:
        """Runs, writes the result files, and gives the summary that stands beside them."""
        seen = Seen()
        statistics = {each.name: Statistics(each) for each in self.accounts}
        with Results(self.folder) as results:
            market = seen.watched(self.market)
            for told in simulate(self.accounts, market, self.entries, self.instruments, seen.dropped):
                _count(told, statistics)
                results.add(told)
                listen(told)
            results.finish()
        summary = self._summary(seen, statistics)
        with whole(self.folder / SUMMARY) as file:
            file.write(f"{json_text(summary)}\n".encode())
        return summary

    def _summary(self, seen: Seen, statistics: dict[str, Statistics]) -> dict[str, Any]:
        accounts = {name: one.summary(seen.first, seen.last) for name, one in statistics.items()}
        signals = sum(isinstance(entry, Signal) for entry in self.entries)
        return {
            "accounts": {
                name: {**summary, "late": _late(statistics[name])} for name, summary in accounts.items()
            },
            "input": {
                "market_records": seen.records,
                "signals": signals,
                "commands": len(self.entries) - signals,
                "bad_rows": dict(self.bad.counts),
                "rounded_rows": dict(self.bad.rounded),
                "intervals": self.bad.intervals,
                "notes": self.bad.notes,
                "unknown_symbols": self._unknown_symbols(seen.symbols),
                "dropped": dict(seen.dropped),
            },
            "late": sum(_late(one) for one in statistics.values()),
        }

    def _unknown_symbols(self, known: set[str]) -> dict[str, dict[str, Any]]:
        """What the market does not have that signals and commands are for, and what is called alike."""
        symbols = (entry.symbol for entry in self.entries)
        counts = Counter(symbol for symbol in symbols if symbol is not None and symbol not in known)
        by_upper = {symbol.upper(): symbol for symbol in sorted(known)}
        unknown: dict[str, dict[str, Any]] = {}
        for symbol, count in sorted(counts.items()):
            near = get_close_matches(symbol.upper(), by_upper, 1)
            unknown[symbol] = {"entries": count, "nearest": by_upper[near[0]] if near else None}
        return unknown


def _count(told: Told, statistics: dict[str, Statistics]) -> None:
    for part in told.parts:
        if isinstance(part, ToldMinutes):
            statistics[part.equity.account].add_minutes(part.equity)
        else:
            for output in part.outputs:
                statistics[output.account].add(output)


def _late(statistics: Statistics) -> int:
    return statistics.decisions.get("late", Counter()).total()


def json_text(summary: dict[str, Any]) -> str:
    return json.dumps(summary, sort_keys=True, indent=2, ensure_ascii=False, allow_nan=False)
