"""What ClickHouse has of an account, all of one moment: the panels and charts of its page agree.

Rules of this file: everything is asked up to one time, before which nothing is missing, and once more where
rows came in between. It is kept together, so that no panel is newer than another.
"""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from clickhouse_connect.driver.client import Client

from schemas.messages import Equity, Fill, Message, SliceTimer, Trade
from sinks.asking.questions import ask, select
from streams.clients.workers import reached
from streams.engine.model.units import SECOND
from streams.web.state.kept_answers import Results
from streams.web.state.live_state import LATELY, LiveState
from streams.web.state.moments import moment_of
from streams.web.state.recent_messages import KEPT, MOST, Key

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


class StoredTable(NamedTuple):
    """What these questions are answered from, and what tells which row is newer."""

    name: str
    time: str
    id: str

    def key_of(self, message: Message) -> Key:
        id_: str = getattr(message, self.id)
        return getattr(message, self.time), len(id_), id_


TABLES: Mapping[type[Message], StoredTable] = {
    Trade: StoredTable("trades", "exit_ts", "trade_id"),
    Fill: StoredTable("fills", "ts", "fill_id"),
    Equity: StoredTable("equity", "ts", "equity_id"),
    SliceTimer: StoredTable("slices", "ts", "slice_id"),
}


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
    newest: Key


class Remembered(NamedTuple):
    """Of an account's messages of a kind, as far as Kafka's are remembered."""

    keys: Sequence[Key]
    """Ascending."""
    first: int
    """When the first one happened; 0 where it may be forgotten."""

    def is_in(self, extent: Extent) -> bool:
        return not self.keys or self.keys[-1] <= extent.newest

    def complete_until(self, extent: Extent) -> int:
        """Before the first message that is not stored; if it may be forgotten, before the newest that is."""
        is_missing_from = bisect_right(self.keys, extent.newest)
        if is_missing_from:
            return self.keys[is_missing_from][0] - 1
        return (extent.newest[0] or self.first) - 1


async def stored(live: LiveState, results: Results, account: str) -> Stored:
    """What is kept of it, or what is found now."""
    now = _told_until(live, account)
    told = {kind: _told(live, kind, account) for kind in TABLES}
    return await results.get(("stored", account), lambda client: _found(client, account, now, told))


def _told_until(live: LiveState, account: str) -> int:
    """The time that the desk has come to."""
    market = live.accounts[account].versions[-1].market
    return reached(live.workers.values(), market, live.heard_until) or live.times.get(market, 0)


def _told(live: LiveState, kind: type[Message], account: str) -> Remembered:
    most = MOST if kind in KEPT else LATELY
    held = live.recent.held(kind, account) if kind in KEPT else live.newest(kind, account, most=LATELY)
    keys = sorted(TABLES[kind].key_of(each) for each in held)
    return Remembered(keys, keys[0][0] if keys and len(keys) < most else 0)


def _found(client: Client, account: str, now: int, told: Mapping[type[Message], Remembered]) -> Stored:
    before = _extents(client, account, now)
    missing = [told[kind].complete_until(each) for kind, each in before.items() if not told[kind].is_in(each)]
    as_of = max(0, min([now, *missing]))
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
        f" max((toUnixTimestamp64Micro({time}), toInt64(length({id_})), {id_}))"
        f" FROM {table} WHERE account = {{account:String}}"
        for table, time, id_ in TABLES.values()
    )
    given = {"account": account, "as_of": str(as_of)}
    found = {row[0]: Extent(row[1], tuple(row[2])) for row in select(client, asked, given, "stored").rows}
    return {kind: found[table.name] for kind, table in TABLES.items()}
