"""Lists of what happened, page by page, the newest first: from memory where it reaches, else from ClickHouse.

Rules of this file: a page ends at a message, and the next begins behind it, so that what comes meanwhile
moves nothing. Both sources give the same documents.
"""

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, NamedTuple

import orjson
from clickhouse_connect.driver.client import Client

from schemas.codec import default_codec
from schemas.errors import MessageError
from schemas.kinds import KINDS
from schemas.messages import Message
from schemas.numbers import decimal_text, time_text
from schemas.numbers import time as read_time
from sinks.questions import select
from streams.engine.units import ONE
from streams.web.live import Live
from streams.web.recent import KEPT, Key, key_of
from streams.web.results import Results

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Listed(NamedTuple):
    """A table whose rows are messages of one kind."""

    table: str
    kind: str
    time: str
    id: str

    @property
    def fields(self) -> tuple[str, ...]:
        return KINDS[self.kind].__struct_fields__


LISTS = {
    each.table: each
    for each in (
        Listed("fills", "fill", "ts", "fill_id"),
        Listed("trades", "trade", "exit_ts", "trade_id"),
        Listed("decisions", "decision", "ts", "decision_id"),
        Listed("equity", "equity", "ts", "equity_id"),
        Listed("alerts", "alert", "ts", "alert_id"),
        Listed("signals", "signal", "ts", "signal_id"),
        Listed("orders_now", "order", "ts", "order_id"),
        Listed("slices_now", "slice-timer", "ts", "slice_id"),
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
        return None if self.cursor is None else read_cursor(self.cursor)


class Page(NamedTuple):
    """Documents, and where the next page begins."""

    items: list[dict[str, Any]]
    next: str | None


async def page(live: Live, results: Results, wish: Wish) -> Page:
    """One more than a page is looked for: it tells whether there is another."""
    listed = LISTS[wish.list]
    found = _remembered(live, listed, wish)
    if found is None:
        key = (wish.list, *sorted(wish.equal.items()), wish.since, wish.until, wish.limit, wish.cursor)
        before = wish.before
        found = await results.get(key, lambda client: _stored(client, listed, wish, before))
    items = found[: wish.limit]
    more = len(found) > wish.limit
    return Page(items, write_cursor(listed, items[-1]) if more else None)


# From memory -----------------------------------------------------------------------------------


def _remembered(live: Live, listed: Listed, wish: Wish) -> list[dict[str, Any]] | None:
    kind = KINDS[listed.kind]
    account = wish.equal.get("account")
    if kind not in KEPT or account is None:
        return None
    others = [(name, value) for name, value in wish.equal.items() if name != "account"]

    def wanted(message: Message) -> bool:
        if wish.until is not None and key_of(message)[0] >= wish.until:
            return False
        return all(getattr(message, name) == value for name, value in others)

    found = live.recent.page(kind, account, wanted, wish.before, wish.limit + 1, wish.since)
    return None if found is None else [document(message) for message in found]


def document(message: Message) -> dict[str, Any]:
    return default_codec().write_whole_json(message)


# From ClickHouse -------------------------------------------------------------------------------


def _stored(client: Client, listed: Listed, wish: Wish, before: Key | None) -> list[dict[str, Any]]:
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
    if before is not None:
        tests.append(
            f"(toUnixTimestamp64Micro(told.{listed.time}), length(told.{listed.id}), told.{listed.id})"
            " < ({at:Int64}, {length:UInt64}, {id:String})"
        )
        given |= {"length": str(before[1]), "id": before[2]}
    columns = ", ".join(f"told.`{name}` AS `{name}`" for name in listed.fields)
    statement = (
        f"SELECT {columns} FROM {listed.table} AS told"
        + (f" WHERE {' AND '.join(tests)}" if tests else "")
        + f" ORDER BY told.{listed.time} DESC, length(told.{listed.id}) DESC, told.{listed.id} DESC"
        + f" LIMIT 1 BY told.{listed.id} LIMIT {wish.limit + 1}"
    )
    answer = select(client, statement, given, listed.table)
    return [
        {name: plain(value) for name, value in zip(answer.columns, row, strict=True)} for row in answer.rows
    ]


def plain(value: Any) -> Any:
    """A value of ClickHouse's as JSON has it."""
    if isinstance(value, Decimal):
        return decimal_text(int(value * ONE))
    if isinstance(value, datetime):
        return time_text(micros(value))
    if isinstance(value, tuple):
        return list(value)
    return value


def micros(value: datetime) -> int:
    passed = value - EPOCH
    return (passed.days * 86_400 + passed.seconds) * 1_000_000 + passed.microseconds


# Cursors ---------------------------------------------------------------------------------------


def write_cursor(listed: Listed, item: Mapping[str, Any]) -> str:
    text = orjson.dumps([read_time(listed.time, item[listed.time]), item[listed.id]])
    return base64.urlsafe_b64encode(text).decode().rstrip("=")


def read_cursor(cursor: str) -> Key:
    try:
        time, id_ = orjson.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        if type(time) is not int or type(id_) is not str or not -(1 << 62) < time < 1 << 62:
            raise ValueError
    except (ValueError, TypeError, binascii.Error) as error:
        raise MessageError("cursor", repr(cursor), "the `next` of the page before") from error
    return time, len(id_), id_
