"""What ClickHouse has of an account, all of one moment: the panels and charts of its page agree.

Rules of this file: everything is asked up to one time, before which nothing is missing, and once more where
rows came in between. It is kept together, so that no panel is newer than another.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from clickhouse_connect.driver.client import Client

from schemas.messages import Equity, Fill, Message, SliceTimer, Trade
from sinks.questions import ask, select
from streams.clients.workers import reached
from streams.engine.units import SECOND
from streams.web.history import moment_of
from streams.web.live import Live
from streams.web.recent import KEPT
from streams.web.results import Results

Rows = list[dict[str, Any]]
TRIES = 3
MARKS = 720
"""So many fills, the newest, are kept for charts of prices."""
QUESTIONS: Mapping[str, Mapping[str, Any]] = {
    "performance": {},
    "slice-effectiveness": {},
    "pnl-by-source": {},
    "pnl-by-symbol": {},
    "theories": {},
    "equity-curve": {},
    "drawdown": {},
    "markers": {"limit": MARKS},
}
"""What the page of an account asks, with what each is told besides."""
TABLES: Mapping[type[Message], tuple[str, str]] = {
    Trade: ("trades", "exit_ts"),
    Fill: ("fills", "ts"),
    Equity: ("equity", "ts"),
    SliceTimer: ("slices", "ts"),
}
"""What these questions are answered from, and the time of a row."""


class Stored(NamedTuple):
    """An account as it is stored."""

    as_of: int
    """The market's time, in microseconds: what happened until then is in, and nothing newer."""
    behind_s: float
    """So much newer, in the market's time, is what the desk has told already."""
    answers: Mapping[str, Rows]


class Extent(NamedTuple):
    """Rows of an account in a table before some time, and the newest row of all."""

    rows: int
    newest: int


async def stored(live: Live, results: Results, account: str) -> Stored:
    """What is kept of it, or what is found now."""
    now = _told_until(live, account)
    told = {kind: _newest_told(live, kind, account) for kind in TABLES}
    return await results.get(("stored", account), lambda client: _found(client, account, now, told))


def _told_until(live: Live, account: str) -> int:
    """The time that the desk has come to."""
    market = live.accounts[account].versions[-1].market
    return reached(live.workers.values(), market, live.heard_until) or live.times.get(market, 0)


def _newest_told(live: Live, kind: type[Message], account: str) -> int:
    """When the last one happened that Kafka has, as far as it is remembered."""
    held = live.recent.held(kind, account)[-1:] if kind in KEPT else live.newest(kind, account, most=1)
    return max((getattr(each, TABLES[kind][1]) for each in held), default=0)


def _found(client: Client, account: str, now: int, told: Mapping[type[Message], int]) -> Stored:
    before = _extents(client, account, now)
    missing = [each.newest for kind, each in before.items() if each.newest < told[kind]]
    as_of = max(0, min([now, *(newest - 1 for newest in missing)]))
    for _ in range(TRIES):
        before = _extents(client, account, as_of)
        answers = {
            name: ask(client, name, account=account, until=moment_of(as_of + 1), **more).dicts()
            for name, more in QUESTIONS.items()
        }
        after = _extents(client, account, as_of)
        if all(after[kind].rows == before[kind].rows for kind in TABLES):
            break
    return Stored(as_of, (now - as_of) / SECOND, answers)


def _extents(client: Client, account: str, as_of: int) -> dict[type[Message], Extent]:
    asked = " UNION ALL ".join(
        f"SELECT '{table}', countIf({time} <= fromUnixTimestamp64Micro({{as_of:Int64}}, 'UTC')),"
        f" toUnixTimestamp64Micro(max({time})) FROM {table} WHERE account = {{account:String}}"
        for table, time in TABLES.values()
    )
    given = {"account": account, "as_of": str(as_of)}
    found = {row[0]: Extent(row[1], row[2]) for row in select(client, asked, given, "stored").rows}
    return {kind: found[table] for kind, (table, _) in TABLES.items()}
