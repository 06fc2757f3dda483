"""`ghostfill trace`: one signal, and everything that came of it."""

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import click

from sinks.questions import ask
from streams.cli.answers import decimal_cell, reader
from streams.cli.many import example

Row = Mapping[str, Any]
CENTS = 2


@click.command(
    epilog=example(
        "ghostfill trace AURA-1553\nghostfill trace 4711 --source tracker --account paper-1 --json"
    )
)
@click.argument("signal_id")
@click.option("--source", help="Where the signal comes from, if several sources use the same id.")
@click.option("--account", help="Only what this account made of it.")
@click.option("--json", "as_json", is_flag=True, help="The same tree for programs.")
def trace(signal_id: str, source: str | None, account: str | None, as_json: bool) -> None:
    """Follow one signal: each account's decision, its slices, orders and fills, and the trade with its exit.

    Times are UTC.
    """
    with reader() as client:
        rows = ask(client, "trace", signal_id=signal_id, source=source, account=account).dicts()
    if not rows:
        raise click.ClickException(f"nothing is stored of a signal {signal_id}")
    if as_json:
        click.echo(json.dumps(tree(rows), default=_plain, ensure_ascii=False, indent=2))
    else:
        for line in lines(rows):
            click.echo(line)


# As lines --------------------------------------------------------------------------------------


def lines(rows: Sequence[Row]) -> Iterator[str]:
    """The tree: an account's name opens its part."""
    account = ""
    for row in rows:
        depth = len(row["path"]) - 1
        if row["account"] != account:
            account = row["account"]
            yield f"  {account}"
        yield f"{'  ' * depth}{_said(row)}"


def _said(row: Row) -> str:
    time = f"{row['ts'].astimezone(UTC):%Y-%m-%d %H:%M:%S}"
    if row["kind"] != "signal":
        time = time[11:]
    return f"{time}  {SENTENCES[row['kind']](row)}".rstrip()


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
        f" {row['state']} {row['pnl']:+,.2f}{_fees(row)}"
    )


def _position(row: Row) -> str:
    held = f"{row['side']} {_number(row['quantity'])} at {_number(row['entry_price'])}"
    return f"open {row['id']}: {held}, mark {_number(row['price'])}, {row['pnl']:+,.2f}{_fees(row)}"


SENTENCES = {
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
    reason = f": {_words(row['reason'])}"
    if row["measured"] is None or row["limit"] is None:
        return reason
    return f"{reason} (was {row['measured']:g}, limit {row['limit']:g})"


def _words(code: str) -> str:
    return code.replace("_", " ")


def _fees(row: Row) -> str:
    return f", fees {_number(row['fees'])}" if row["fees"] else ""


def _number(value: Decimal | None) -> str:
    if value is None:
        return "–"
    return decimal_cell(value, 0 if value == value.to_integral_value() else CENTS)


# As JSON ---------------------------------------------------------------------------------------


def tree(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Each row with the rows below it; an account's decisions stand right below the signal."""
    roots: list[dict[str, Any]] = []
    parents: list[tuple[Sequence[str], dict[str, Any]]] = []
    for row in rows:
        node = {name: value for name, value in row.items() if name != "path" and value not in (None, "")}
        while parents and parents[-1][0] != row["path"][: len(parents[-1][0])]:
            parents.pop()
        below: list[dict[str, Any]] = parents[-1][1].setdefault("below", []) if parents else roots
        below.append(node)
        parents.append((row["path"], node))
    return roots


def _plain(value: object) -> str:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    return decimal_cell(value).replace(",", "") if isinstance(value, Decimal) else str(value)
