"""What the results say, as lines of a terminal: accounts, positions, slices, trades, fills, decisions.

Rules of this file: a row is an answer's, by the names of its columns; times are UTC; P&L has its sign; prices
and quantities are exact, money is rounded to the cent.
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from streams.cli.printing.answers import CENTS, UNKNOWN
from streams.cli.printing.tables import table
from streams.clients.decimals import decimal_cell, two_digits
from streams.clients.reasons import measured

Row = Mapping[str, Any]
DAY, HOUR, MINUTE = 86_400, 3_600, 60


def account_lines(rows: Iterable[Row]) -> list[str]:
    heads = (
        "account",
        "day",
        "equity",
        "day P&L",
        "cash",
        "realised before fees",
        "unrealised",
        "drawdown",
        "open",
        "pending",
    )
    return table(
        heads,
        [
            (
                row["account"], row["day"], money(row["equity"]), signed(row["day_pnl"]), money(row["cash"]),
                signed(row["realised"]), signed(row["unrealised"]), percent(row["drawdown"]),
                str(row["open_positions"]), str(row["pending_slices"]),
            )
            for row in rows
        ],
        left=2,
    )  # fmt: skip


def position_lines(rows: Iterable[Row]) -> list[str]:
    heads = (
        "account",
        "symbol",
        "side",
        "opened",
        "until",
        "quantity",
        "entry",
        "mark",
        "P&L",
        "%",
        "stop",
        "target",
    )
    return table(
        heads,
        [
            (
                row["account"], row["symbol"], row["side"], moment(row["opened"]), moment(row["time_limit"]),
                exact(row["quantity"]), exact(row["average_price"]), exact(row["mark"]),
                signed(row["unrealised"]), percent(row["unrealised_share"], sign=True),
                exact(_stop(row)), exact(row["target"]),
            )
            for row in rows
        ],
        left=5,
    )  # fmt: skip


def _stop(row: Row) -> Decimal | None:
    """The one that is reached first."""
    stops = [stop for stop in (row["stop"], row["trailing"]) if stop is not None]
    nearest = max if row["side"] == "long" else min
    return nearest(stops, default=None)


def slice_lines(rows: Iterable[Row]) -> list[str]:
    heads = ("account", "symbol", "side", "slice", "due", "in", "condition", "quantity", "arrival")
    return table(
        heads,
        [
            (
                row["account"], row["symbol"], row["side"], f"{row['number']} of {row['of']}",
                moment(row["due"]), span(row["due_in_seconds"]) if row["due_in_seconds"] > 0 else "now",
                words(row["condition"]) or UNKNOWN, exact(row["quantity"]), exact(row["arrival"]),
            )
            for row in rows
        ],
        left=7,
    )  # fmt: skip


def trade_lines(rows: Iterable[Row]) -> list[str]:
    heads = (
        "entered",
        "left",
        "account",
        "symbol",
        "side",
        "why",
        "held",
        "quantity",
        "entry",
        "exit",
        "P&L",
        "%",
    )
    return table(
        heads,
        [
            (
                moment(row["entry_ts"]), moment(row["exit_ts"]), row["account"], row["symbol"], row["side"],
                words(row["exit_reason"]), span((row["exit_ts"] - row["entry_ts"]).total_seconds()),
                exact(row["quantity"]), exact(row["entry_price"]), exact(row["exit_price"]),
                signed(row["pnl"]), percent(float(row["pnl_pct"]) / 100, sign=True),
            )
            for row in rows
        ],
        left=6,
    )  # fmt: skip


def fill_lines(rows: Iterable[Row]) -> list[str]:
    heads = ("time", "account", "symbol", "side", "for", "quantity", "price")
    return table(
        heads,
        [
            (
                moment(row["ts"]), row["account"], row["symbol"], row["side"], _purpose(row),
                exact(row["quantity"]), exact(row["price"]),
            )
            for row in rows
        ],
        left=5,
    )  # fmt: skip


def _purpose(row: Row) -> str:
    return f"slice {row['slice_number']}" if row["kind"] == "slice" else words(row["purpose"])


def decision_lines(rows: Iterable[Row]) -> list[str]:
    heads = ("time", "account", "symbol", "decision", "reason")
    return table(
        heads,
        [
            (moment(row["ts"]), row["account"], row["symbol"] or UNKNOWN, row["decision"], _why(row))
            for row in rows
        ],
        left=5,
    )


def _why(row: Row) -> str:
    found = measured(row["reason"], row["measured"], row["limit"])
    return words(row["reason"]) + (f" ({found})" if found else "")


# One value --------------------------------------------------------------------------------------


def money(value: Decimal | None) -> str:
    return UNKNOWN if value is None else two_digits(value)


def signed(value: Decimal | None) -> str:
    return UNKNOWN if value is None else two_digits(value, sign=True)


def percent(share: float | Decimal | None, *, sign: bool = False) -> str:
    if share is None:
        return UNKNOWN
    return f"{two_digits(100 * share, sign=sign)}%"


def ratio(value: float | None) -> str:
    return UNKNOWN if value is None else f"{value:,.2f}"


def exact(value: Decimal | None) -> str:
    if value is None:
        return UNKNOWN
    return decimal_cell(value, 0 if value == value.to_integral_value() else CENTS)


def moment(value: datetime | None) -> str:
    return UNKNOWN if value is None else f"{value.astimezone(UTC):%Y-%m-%d %H:%M:%S}"


def span(seconds: float) -> str:
    """How long, in its two largest units."""
    left = round(seconds)
    days, hours, minutes = left // DAY, left % DAY // HOUR, left % HOUR // MINUTE
    if days:
        return f"{days} d {hours} h"
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {left % MINUTE} s" if minutes else f"{left} s"


def words(code: str) -> str:
    return code.replace("_", " ")
