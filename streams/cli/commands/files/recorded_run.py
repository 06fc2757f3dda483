"""One run of accounts over a market: the engine between the files that come in and those that go out."""

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from schemas.columns import Columns
from schemas.messages import Signal
from streams.cli.commands.files.fold import Entry, Fold, Listener, Outcome
from streams.engine.model.settings import Instruments, Settings
from streams.files.values.faults import BadRows
from streams.files.writing.results import Results
from streams.files.writing.whole import whole

SUMMARY = "summary.json"


@dataclass(slots=True)
class RecordedRun:
    """What a run needs."""

    accounts: Sequence[Settings]
    market: Iterable[Columns]
    entries: Sequence[Entry]
    instruments: Instruments
    folder: Path
    bad: BadRows = field(default_factory=BadRows)
    jobs: int = 1
    """The processes that the accounts are spread over."""

    def execute(self, listen: Listener | None = None) -> dict[str, Any]:
        """Runs, writes the result files, and gives the summary that stands beside them.

        Who listens hears everything in order, which is told in one process alone.
        """
        jobs = min(self.jobs, len(self.accounts))
        assert jobs == 1 or listen is None
        with Results(self.folder) as results:
            outcome = self._fold(results, listen) if jobs == 1 else self._spread(results, jobs)
        summary = self._summary(outcome)
        with whole(self.folder / SUMMARY) as file:
            file.write(f"{json_text(summary)}\n".encode())
        return summary

    def _fold(self, results: Results, listen: Listener | None) -> Outcome:
        fold = Fold(self.accounts, range(len(self.accounts)), self.entries, self.instruments)
        for lines in fold.over(self.market, listen):
            results.add([lines])
        results.finish([fold.open_lines()])
        return fold.outcome()

    def _spread(self, results: Results, jobs: int) -> Outcome:
        # What it needs takes a while to import.
        from streams.cli.commands.files.spread import spread

        return spread(self.accounts, self.entries, self.instruments, jobs, self.market, results)

    def _summary(self, outcome: Outcome) -> dict[str, Any]:
        signals = sum(isinstance(entry, Signal) for entry in self.entries)
        return {
            "accounts": {account.name: outcome.accounts[account.name] for account in self.accounts},
            "input": {
                "market_records": outcome.records,
                "signals": signals,
                "commands": len(self.entries) - signals,
                "bad_rows": dict(self.bad.counts),
                "rounded_rows": dict(self.bad.rounded),
                "intervals": self.bad.intervals,
                "notes": self.bad.notes,
                "unknown_symbols": self._unknown_symbols(outcome.symbols),
                "dropped": dict(outcome.dropped),
            },
            "late": sum(account["late"] for account in outcome.accounts.values()),
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


def json_text(summary: dict[str, Any]) -> str:
    return json.dumps(summary, sort_keys=True, indent=2, ensure_ascii=False, allow_nan=False)
