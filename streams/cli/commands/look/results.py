"""`ghostfill stats`, `positions`, `history` and `plans`: how accounts stand, in the terminal.

Rules of this file: everything is the answer to a named question, so the numbers are those of the report; for
programs it is an array, decimals as text, times in ISO.
"""

import shutil
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from functools import partial
from typing import Any

import click
import orjson

from sinks.asking.accounts import require
from sinks.asking.questions import ask
from streams.cli.options.many import example
from streams.cli.options.params import Command, since_option
from streams.cli.printing.answers import FEW_ROWS, reader
from streams.cli.printing.result_tables import (
    Row,
    money,
    percent,
    position_lines,
    ratio,
    signed,
    slice_lines,
    trade_lines,
)
from streams.cli.printing.tables import table

NOW = "equity cash realised unrealised day_pnl open_positions pending_slices".split()
"""Of an account as it stands; the others are of its trades and days."""


def json_option(command: Command) -> Command:
    return click.option("--json", "as_json", is_flag=True, help="Print JSON.")(command)


def found(name: str, account: str | None, **parameters: object) -> list[dict[str, Any]]:
    """A question's rows; an account that nothing is stored of is told."""
    with reader() as client:
        rows = ask(client, name, account=account, **parameters).dicts()
        if account is not None and not rows:
            require(partial(ask, client), account)
    return rows


def show(
    rows: Sequence[Row], as_json: bool, lines: Callable[[Iterable[Row]], list[str]], nothing: str
) -> None:
    if as_json:
        click.echo(json_of(rows))
        return
    for line in lines(rows) if rows else [nothing]:
        click.echo(line)


def json_of(value: object) -> bytes:
    return orjson.dumps(value, default=_decimal, option=orjson.OPT_INDENT_2 | orjson.OPT_UTC_Z)


def _decimal(value: Decimal) -> str:
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


@click.command(epilog=example("ghostfill stats\nghostfill stats paper-1 --since 7d\nghostfill stats --json"))
@click.argument("account", required=False)
@since_option
@json_option
def stats(account: str | None, since: datetime | None, as_json: bool) -> None:
    """Show how accounts stand, and how their trades did: all of them, or one.

    Equity, cash, realised and unrealised are as they are now; trades and what is made of them count from
    --since on.
    """
    standing = {row["account"]: row for row in found("accounts-now", account)}
    rows = [
        {**row, **{name: standing.get(row["account"], {}).get(name) for name in NOW}}
        for row in found("performance", account, since=since)
    ]
    show(rows, as_json, stats_lines, "no account has done anything yet")


def _figures(row: Row) -> list[tuple[str, str]]:
    return [
        ("equity", money(row["equity"])),
        ("cash", money(row["cash"])),
        ("realised before fees", signed(row["realised"])),
        ("unrealised", signed(row["unrealised"])),
        ("day P&L", signed(row["day_pnl"])),
        ("open", str(row["open_positions"] or 0)),
        ("trades", str(row["trades"])),
        ("win rate", percent(row["win_rate"])),
        ("profit factor", ratio(row["profit_factor"])),
        ("expectancy", signed(row["expectancy"])),
        ("net P&L", signed(row["net_pnl"])),
        ("Sharpe", ratio(row["sharpe"])),
        ("max drawdown", percent(row["max_drawdown"])),
        ("best", signed(row["best_trade"])),
        ("worst", signed(row["worst_trade"])),
    ]


def stats_lines(rows: Iterable[Row]) -> list[str]:
    """One account lies on its side, and so do few that are too wide."""
    figures = {row["account"]: _figures(row) for row in rows}
    heads = [what for what, _ in next(iter(figures.values()))]
    columns = [[text for _, text in each] for each in figures.values()]
    upright = table(
        ["account", *heads], [[name, *each] for name, each in zip(figures, columns, strict=True)], 1
    )
    is_wide = max(map(len, upright)) > shutil.get_terminal_size((100, 24)).columns
    if len(figures) == 1 or (is_wide and len(figures) <= FEW_ROWS):
        return table(["account", *figures], zip(heads, *columns, strict=True), 1)
    return upright


@click.command(epilog=example("ghostfill positions\nghostfill positions paper-1 --json"))
@click.argument("account", required=False)
@json_option
def positions(account: str | None, as_json: bool) -> None:
    """Show what is held: its P&L at the last mark, its stop and target, and until when it may be held.

    Times are UTC. Of a stop and a trailing stop the nearer one is shown.
    """
    show(found("open-positions", account), as_json, position_lines, "no open positions")


@click.command(epilog=example("ghostfill history\nghostfill history paper-1 --limit 50 --since 7d"))
@click.argument("account", required=False)
@click.option("--limit", type=click.IntRange(min=1), default=20, show_default=True, help="At most this many.")
@since_option
@json_option
def history(account: str | None, limit: int, since: datetime | None, as_json: bool) -> None:
    """Show the last trades, the newest first: when, what, for how much, how long, and why it ended.

    Times are UTC.
    """
    rows = found("recent-trades", account, limit=limit, since=since)
    for row in rows:
        row["held_seconds"] = (row["exit_ts"] - row["entry_ts"]).total_seconds()
    show(rows, as_json, trade_lines, "no trades")


@click.command(epilog=example("ghostfill plans\nghostfill plans paper-1 --json"))
@click.argument("account", required=False)
@json_option
def plans(account: str | None, as_json: bool) -> None:
    """Show the slices that wait, the next one first: when each is due, and what it waits for.

    Times are UTC. How long until then is by the market's clock as the account last heard it: on a quiet
    account up to a minute ago.
    """
    show(found("pending-slices", account), as_json, slice_lines, "no pending slices")
