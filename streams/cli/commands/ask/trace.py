"""`ghostfill trace`: one signal, and everything that came of it."""

import json
import os
from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import click

from sinks.asking.questions import ask
from streams.cli.options.many import example
from streams.cli.printing.answers import reader
from streams.clients.accounts.desk_table import open_accounts
from streams.clients.decimals import decimal_cell
from streams.clients.traces import Row, lines, with_waiting
from streams.clients.waits import waits
from streams.clients.workers import reports
from streams.local.machine.home import find_cluster
from streams.transport.kafka.cluster import ClusterError


@click.command(
    epilog=example(
        "ghostfill trace AURA-1553\nghostfill trace 4711 --source tracker --account paper-1 --json"
    )
)
@click.argument("signal_id")
@click.option("--source", help="Where the signal comes from, if several sources use the same id.")
@click.option("--account", help="Only what this account made of it.")
@click.option("--json", "as_json", is_flag=True, help="Print the same tree as JSON.")
def trace(signal_id: str, source: str | None, account: str | None, as_json: bool) -> None:
    """Follow one signal: each account's decision, its slices, orders and fills, and the trade with its exit.

    Times are UTC. An account that is yet to decide says what it waits for, while a desk runs.
    """
    with reader() as client:
        rows = ask(client, "trace", signal_id=signal_id, source=source, account=account).dicts()
    if not rows:
        raise click.ClickException(f"no signal {signal_id} is stored; check the id, or try again soon")
    found = [row for row in _with_waiting(rows) if account in (None, row["account"]) or not row["account"]]
    if as_json:
        click.echo(json.dumps(tree(found), default=_plain, ensure_ascii=False, indent=2))
    else:
        for line in lines(found):
            click.echo(line)


def _with_waiting(rows: Sequence[Row]) -> Sequence[Row]:
    """The results are complete without it: a cluster that does not answer is no reason to show nothing."""
    try:
        cluster = find_cluster(os.environ)
        waiting = waits(reports(cluster))
        return with_waiting(rows, open_accounts(cluster), waiting) if waiting else rows
    except ClusterError:
        return rows


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
