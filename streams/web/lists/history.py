"""Lists of what happened, page by page, the newest first: what is remembered, then what ClickHouse has.

Rules of this file: a page ends at a message, and the next begins behind it, so that what comes meanwhile
moves nothing. Both sources give the same documents, and no message is in none: what is remembered need not be
stored yet.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, NamedTuple

from clickhouse_connect.driver.client import Client

from schemas.codec import default_codec
from schemas.kinds import KINDS
from schemas.messages import Message
from schemas.text.numbers import time as read_time
from schemas.text.numbers import time_text
from sinks.asking.questions import select
from streams.web.lists.cursors import read_cursor, write_cursor
from streams.web.state.kept_answers import Results
from streams.web.state.live_state import LiveState
from streams.web.state.moments import EPOCH, micros
from streams.web.state.recent_messages import KEPT, Found, Key, key_of

CAUSED = 500
"""So much of what a signal caused is shown, of each kind."""


class Listed(NamedTuple):
    """A table whose rows are messages of one kind."""

    table: str
    kind: str
    time: str
    """The one that never changes, where a row has several states."""
    ids: tuple[str, ...]
    """The fields that name a row."""
    states: tuple[str, ...] = ()
    """By which of a row's states the last one is told."""

    @property
    def id_in_sql(self) -> str:
        fields = [f"told.{name}" for name in self.ids]
        return fields[0] if len(fields) == 1 else f"concatWithSeparator('\\n', {', '.join(fields)})"

    def id_of(self, item: Mapping[str, Any]) -> str:
        return "\n".join(item[name] for name in self.ids)

    def key_of(self, item: Mapping[str, Any]) -> Key:
        id_ = self.id_of(item)
        return read_time(self.time, item[self.time]), len(id_), id_

    @property
    def fields(self) -> tuple[str, ...]:
        return KINDS[self.kind].__struct_fields__


LISTS = {
    each.table: each
    for each in (
        Listed("fills", "fill", "ts", ("fill_id",)),
        Listed("trades", "trade", "exit_ts", ("trade_id",)),
        Listed("decisions", "decision", "ts", ("decision_id",)),
        Listed("equity", "equity", "ts", ("equity_id",)),
        Listed("alerts", "alert", "ts", ("alert_id",)),
        Listed("signals", "signal", "ts", ("signal_id", "source")),
        Listed("orders", "order", "created", ("order_id",), ("ts", "filled", "state", "k_offset")),
        Listed("slices", "slice-timer", "due", ("slice_id",), ("state",)),
    )
}


@dataclass(frozen=True)
class Wish:
    """What is to be listed; `equal` are fields that must have a value."""

    list: str
    equal: Mapping[str, str]
    since: int | None = None
    until: int | None = None
    limit: int = 50
    cursor: str | None = None

    @property
    def before(self) -> Key | None:
        return None if self.cursor is None else key_in(self.cursor)


class Page(NamedTuple):
    """Documents, and where the next page begins."""

    items: list[dict[str, Any]]
    next: str | None


async def page(live: LiveState, results: Results, wish: Wish) -> Page:
    """One more than a page is looked for: it tells whether there is another."""
    listed = LISTS[wish.list]
    messages, is_all, before = _remembered(live, listed, wish)
    found = [document(message) for message in messages]
    if not is_all:
        key = (wish.list, *sorted(wish.equal.items()), wish.since, wish.until, wish.limit, before)
        found += await results.get(key, lambda client: _stored(client, listed, wish, before))
    items = found[: wish.limit]
    is_last = len(found) <= wish.limit
    return Page(items, None if is_last else cursor_of(listed, items[-1]))


async def caused(live: LiveState, results: Results, name: str, signal_id: str) -> list[dict[str, Any]]:
    """What a signal caused, the newest first: what is stored, and what came lately in its last state."""
    listed = LISTS[name]
    stored = await page(live, results, Wish(name, {"signal_id": signal_id}, limit=CAUSED))
    came = [
        document(event.message)
        for event in live.lately[KINDS[listed.kind]]
        if getattr(event.message, "signal_id", None) == signal_id
    ]
    by_id = {listed.id_of(item): item for item in (*stored.items, *came)}
    return sorted(by_id.values(), key=listed.key_of, reverse=True)


# From memory -----------------------------------------------------------------------------------


def _remembered(live: LiveState, listed: Listed, wish: Wish) -> Found:
    kind = KINDS[listed.kind]
    account = wish.equal.get("account")
    if kind not in KEPT or account is None:
        return Found([], False, wish.before)
    others = [(name, value) for name, value in wish.equal.items() if name != "account"]

    def wanted(message: Message) -> bool:
        if wish.until is not None and key_of(message)[0] >= wish.until:
            return False
        return all(getattr(message, name) == value for name, value in others)

    return live.recent.page(kind, account, wanted, wish.before, wish.limit + 1, wish.since)


def document(message: Message) -> dict[str, Any]:
    return default_codec().write_whole_json(message)


# From ClickHouse -------------------------------------------------------------------------------


def _stored(client: Client, listed: Listed, wish: Wish, before: Key | None) -> list[dict[str, Any]]:
    id_ = listed.id_in_sql
    tests = [f"`{name}` = {{{name}:String}}" for name in wish.equal]
    given = dict(wish.equal)
    for name, value, test in (
        ("since", wish.since, ">="),
        ("until", wish.until, "<"),
        ("at", before[0] if before else None, "<="),
    ):
        if value is not None:
            tests.append(f"told.{listed.time} {test} fromUnixTimestamp64Micro({{{name}:Int64}}, 'UTC')")
            given[name] = str(value)
    behind = ""
    if before is not None:
        behind = (
            f"(toUnixTimestamp64Micro(told.{listed.time}), lengthUTF8({id_}), {id_})"
            " < ({at:Int64}, {length:UInt64}, {id:String})"
        )
        given |= {"length": str(before[1]), "id": before[2]}
    answer = select(client, _statement(listed, tests, behind, wish.limit + 1), given, listed.table)
    return [
        {name: plain(value) for name, value in zip(answer.columns, row, strict=True)} for row in answer.rows
    ]


def _statement(listed: Listed, tests: Sequence[str], behind: str, most: int) -> str:
    """So many times hold at least so many rows: what is older need not be sorted, nor read whole.

    Of the first of these times all rows may be on the page before.
    """
    source = f"FROM {listed.table} AS told"
    columns = ", ".join(f"told.`{name}` AS `{name}`" for name in listed.fields)
    order = [f"told.{listed.time}", f"lengthUTF8({listed.id_in_sql})", listed.id_in_sql]
    order += [f"told.{name}" for name in listed.states]
    times = (
        f"SELECT DISTINCT told.{listed.time} AS at {source} {_where(tests)} ORDER BY at DESC LIMIT {most + 1}"
    )
    newest = f"told.{listed.time} >= (SELECT min(at) FROM ({times}))"
    whole = _where(filter(None, [*tests, newest, behind]))
    return (
        f"SELECT {columns} {source} {whole} ORDER BY {' DESC, '.join(order)} DESC"
        f" LIMIT 1 BY told.{listed.time}, {listed.id_in_sql} LIMIT {most}"
    )


def _where(tests: Iterable[str]) -> str:
    said = " AND ".join(tests)
    return f"WHERE {said}" if said else ""


def plain(value: Any) -> Any:
    """A value of ClickHouse's as JSON has it."""
    match value:
        case None | bool() | float() | str():
            return value
        case int():
            return value if -(1 << 63) <= value < 1 << 64 else str(value)
        case Decimal():
            return _decimal(value)
        case datetime():
            return _time(value)
        case list() | tuple():
            return [plain(each) for each in value]
        case dict():
            return {str(name): plain(each) for name, each in value.items()}
        case date():
            return value.isoformat()
        case bytes():
            return value.rstrip(b"\0").decode("utf-8", "backslashreplace")
    return str(value)


def _decimal(value: Decimal) -> str:
    text = f"{value:f}"
    return (text.rstrip("0").rstrip(".") or "0") if "." in text else text


def _time(value: datetime) -> Any:
    if value.tzinfo is None:
        value = value.replace(tzinfo=UTC)
    return time_text(micros(value)) if value >= EPOCH else value.isoformat().replace("+00:00", "Z")


# Cursors ---------------------------------------------------------------------------------------


def cursor_of(listed: Listed, item: Mapping[str, Any]) -> str:
    time, _, id_ = listed.key_of(item)
    return write_cursor((time, id_))


def key_in(cursor: str) -> Key:
    time, id_ = read_cursor(cursor, int, str)
    assert isinstance(time, int) and isinstance(id_, str)
    return time, len(id_), id_
