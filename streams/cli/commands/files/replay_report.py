"""A replay's report: its results go through a ClickHouse that is there for the moment, as live ones do.

Rules of this file: what the run reads and writes passes by in batches; nothing of it stays but the report.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from datetime import UTC, datetime
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import ClickHouseError

from schemas.catalog import catalog
from schemas.columns import Columns
from schemas.messages import Signal
from sinks.asking.accounts import Ask
from sinks.asking.questions import ask
from sinks.database.database import DatabaseError, first_line
from sinks.database.prepare import prepare
from sinks.loading.filling import Filling
from sinks.loading.inserting import RefusedRowsError, WrongError
from sinks.report.comparison import comparison
from sinks.report.document import document
from sinks.report.page import Wish, account_view
from streams.cli.commands.files.fold import Entry
from streams.cli.commands.files.recorded_run import RecordedRun
from streams.files.writing.whole import whole
from streams.local.clickhouse.passing_clickhouse import passing_clickhouse

PERIOD = "The whole replay; times in UTC"


def reported(run: RecordedRun, file: Path) -> dict[str, Any]:
    """Executes the run, writes the report of it, and gives its summary."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with passing_clickhouse() as database, closing(database.client()) as client:
        try:
            summary, text = _executed(run, client)
        except (ClickHouseError, RefusedRowsError, WrongError) as error:
            raise DatabaseError(f"the report's ClickHouse: {first_line(error)}") from error
    with whole(file) as written:
        written.write(text.encode())
    return summary


def _executed(run: RecordedRun, client: Client) -> tuple[dict[str, Any], str]:
    """The run's summary, and the report's text."""
    prepare(client, catalog())
    now = datetime.now(UTC)
    filling = Filling(client, now)
    filling.add(entry for entry in run.entries if isinstance(entry, Signal))
    run.market = _noted(run.market, filling, _symbols(run.entries))
    summary = run.execute(filling.add)
    filling.finish()
    return summary, _text(partial(ask, client), summary["accounts"], now)


def _noted(market: Iterable[Columns], filling: Filling, symbols: frozenset[str]) -> Iterator[Columns]:
    for columns in market:
        filling.add_market(columns, symbols)
        yield columns


def _symbols(entries: Sequence[Entry]) -> frozenset[str]:
    """No other can be traded, and so none has a price in the report."""
    return frozenset(entry.symbol for entry in entries if entry.symbol is not None)


def _text(ask: Ask, summaries: Mapping[str, dict[str, Any]], now: datetime) -> str:
    figures = {name: _numbers(summary) for name, summary in summaries.items()}
    first, *others = figures
    if not others:
        return document(first, PERIOD, [account_view(ask, Wish(first), known=figures[first])], now)
    return comparison(ask, figures, now)


def _numbers(summary: Mapping[str, Any]) -> dict[str, Any]:
    """Money is text in a summary."""
    return {name: Decimal(value) if isinstance(value, str) else value for name, value in summary.items()}
