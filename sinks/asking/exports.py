"""What an account did as CSV, piece by piece: which tables and views, in which order, written how.

Rules of this file:
- Decimals are exact, times are UTC, and what is not there is empty.
- A text that a spreadsheet would take for a formula has an apostrophe in front.
"""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from clickhouse_connect.driver.client import Client

from sinks.asking.pieces import CSV, expression, pieces
from sinks.asking.questions import columns_of

ALWAYS = 1 << 52
"""A time after every other."""


class Span(NamedTuple):
    """From `since` on and before `until`, in microseconds; None: without that end."""

    since: int | None = None
    until: int | None = None


class Export(NamedTuple):
    """A table or view, when a row of it was, and what tells apart rows of one time."""

    table: str
    time: str
    key: str
    left_out: frozenset[str] = frozenset()


EXPORTS: Mapping[str, Export] = {
    "orders": Export("orders_now", "created", "order_id"),
    "fills": Export("fills FINAL", "ts", "fill_id"),
    "positions": Export("positions_open", "opened", "position_id"),
    "daily": Export("daily", "day", "account", frozenset({"begins", "ends"})),
    "trades": Export("trades FINAL", "exit_ts", "trade_id"),
}


def csv(client: Client, name: str, account: str, span: Span) -> Iterator[bytes]:
    """The names of the columns, then the rows."""
    export = EXPORTS[name]
    types = _types(client, export)
    yield f"{','.join(types)}\n".encode()
    parameters = {"account": account, "since": span.since or 0, "until": span.until or ALWAYS}
    yield from pieces(client, _statement(export, types), parameters, CSV, name=name)


def _types(client: Client, export: Export) -> dict[str, str]:
    found = zip(*columns_of(client, f"SELECT * FROM {export.table}", {}, export.table), strict=True)
    return {name: typed for name, typed in found if not name.startswith("k_") and name not in export.left_out}


def _statement(export: Export, types: Mapping[str, str]) -> str:
    columns = ", ".join(
        f"{expression(f'found.`{name}`', typed, CSV)} AS `{name}`" for name, typed in types.items()
    )
    time = f"toDateTime64(found.{export.time}, 6, 'UTC')"
    return f"""
        SELECT {columns}
        FROM (SELECT * FROM {export.table} WHERE account = {{account:String}}) AS found
        WHERE {time} >= fromUnixTimestamp64Micro({{since:Int64}}, 'UTC')
            AND {time} < fromUnixTimestamp64Micro({{until:Int64}}, 'UTC')
        ORDER BY found.{export.time}, found.{export.key}
    """
