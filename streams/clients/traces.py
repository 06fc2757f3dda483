"""A signal's trace in words: each row of the question `trace`, below the one that caused it.

Rules of this file: times are UTC.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC
from decimal import Decimal
from typing import Any, NamedTuple

from schemas.text.numbers import time as micros
from streams.clients.decimals import decimal_cell, two_digits
from streams.clients.reasons import measured
from streams.clients.waits import yet_to_decide
from streams.engine.model.state import AccountState
from streams.transport.contract.machine import Awaited

Row = Mapping[str, Any]
CENTS = 2


class TraceStep(NamedTuple):
    """One thing that happened, or the account to which it did."""

    depth: int
    time: str
    """None of an account."""
    text: str


def steps(rows: Sequence[Row]) -> Iterator[TraceStep]:
    """The tree, from above: an account's name opens its part."""
    account = ""
    for row in rows:
        if row["account"] != account:
            account = row["account"]
            yield TraceStep(1, "", account)
        time = f"{row['ts'].astimezone(UTC):%Y-%m-%d %H:%M:%S}"
        yield TraceStep(
            len(row["path"]) - 1,
            time if row["kind"] == "signal" else time[11:],
            SENTENCES[row["kind"]](row),
        )


def with_waiting(
    rows: Sequence[Row], accounts: Mapping[str, AccountState], waiting: Mapping[str, Awaited]
) -> list[Row]:
    """Besides, each account that is yet to decide, and what it waits for; see `yet_to_decide`."""
    found = list(rows)
    signals = {(row["path"][0], row["side"], row["symbol"]): row for row in rows if row["kind"] == "signal"}
    for signal in signals.values():
        source, side, symbol = signal["path"][0], signal["side"], signal["symbol"]
        ts = micros("ts", signal["ts"].astimezone(UTC).isoformat())
        decided = {row["account"] for row in rows if row["kind"] == "decision" and row["path"][0] == source}
        found += [
            {
                **dict.fromkeys(signal),
                "ts": signal["ts"],
                "path": [source, name, "2"],
                "kind": WAITING,
                "account": name,
                "detail": said,
            }
            for name, said in yet_to_decide(source, side, symbol, ts, accounts, decided, waiting)
        ]
    return sorted(found, key=lambda row: row["path"])


def lines(rows: Sequence[Row]) -> Iterator[str]:
    """The same for a terminal."""
    for step in steps(rows):
        yield f"{'  ' * step.depth}{'  '.join(filter(None, (step.time, step.text)))}"


def _signal(row: Row) -> str:
    said = [
        f"signal {row['id']} of {row['path'][0]}: {row['side']} {row['symbol']}",
        f"at {_number(row['price'])}" if row["price"] is not None else "",
        f"confidence {row['measured']:g}" if row["measured"] is not None else "",
        row["detail"],
    ]
    return ", ".join(filter(None, said))


def _decision(row: Row) -> str:
    plan = f", plan {row['detail']}" if row["detail"] else ""
    return f"{row['state']} {row['symbol']}{plan}{_why(row)}"


def _slice(row: Row) -> str:
    of = f"slice {row['detail']}: {row['state']}, {row['side']} {_number(row['quantity'])}"
    mark = f", mark {_number(row['price'])}" if row["price"] is not None else ""
    return f"{of}{mark}{_why(row)}"


def _order(row: Row) -> str:
    said = f"order {row['id']}: {row['state']}, {row['detail']} {row['side']} {_number(row['quantity'])}"
    average = f", average {_number(row['price'])}" if row["price"] is not None else ""
    return f"{said}{average}{_fees(row)}{_why(row)}"


def _fill(row: Row) -> str:
    return (
        f"fill {row['id']}: {row['side']} {_number(row['quantity'])} at {_number(row['price'])}{_fees(row)}"
    )


def _trade(row: Row) -> str:
    prices = f"{_number(row['entry_price'])} → {_number(row['price'])}"
    return (
        f"trade {row['id']}: {row['side']} {_number(row['quantity'])}, {prices}, {_words(row['reason'])},"
        f" {row['state']} {two_digits(row['pnl'], sign=True)}{_fees(row)}"
    )


def _position(row: Row) -> str:
    held = f"{row['side']} {_number(row['quantity'])} at {_number(row['entry_price'])}"
    pnl = two_digits(row["pnl"], sign=True)
    return f"open {row['id']}: {held}, mark {_number(row['price'])}, {pnl}{_fees(row)}"


WAITING = "waiting"
SENTENCES = {
    WAITING: lambda row: row["detail"],
    "signal": _signal,
    "decision": _decision,
    "slice": _slice,
    "order": _order,
    "fill": _fill,
    "trade": _trade,
    "position": _position,
}


def _why(row: Row) -> str:
    if not row["reason"]:
        return ""
    found = measured(row["reason"], row["measured"], row["limit"])
    return f": {_words(row['reason'])}" + (f" ({found})" if found else "")


def _words(code: str) -> str:
    return code.replace("_", " ")


def _fees(row: Row) -> str:
    return f", fees {_number(row['fees'])}" if row["fees"] else ""


def _number(value: Decimal | None) -> str:
    if value is None:
        return "–"
    return decimal_cell(value, 0 if value == value.to_integral_value() else CENTS)
