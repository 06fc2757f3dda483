"""`ghostfill verify`: the logs folded again, and compared with what was published and stored."""

import asyncio
import json
import os
from pathlib import Path

import click
import msgspec

from schemas.catalog import catalog
from schemas.partition import shard_of
from streams.accounts import load_instruments
from streams.agents.desk import Desk
from streams.cli.many import FILE, example
from streams.cli.topics import MARKET_HELP
from streams.engine.settings import Instruments
from streams.local.home import find_cluster
from streams.transport.cluster import Cluster
from streams.transport.verify import Verdict, verify_shards


@click.command(epilog=example("ghostfill verify\nghostfill verify paper-1 --json"))
@click.argument("account", required=False)
@click.option("--market", "markets", metavar="NAME", multiple=True, help=MARKET_HELP)
@click.option("--symbols", type=FILE, help="The file that the desks were given.")
@click.option("--json", "as_json", is_flag=True, help="Print what was found as JSON.")
def verify(account: str | None, markets: tuple[str, ...], symbols: Path | None, as_json: bool) -> None:
    """Fold the logs again from the last snapshot and compare every output and every row.

    Reads only, and may run while desks work. Exits with 1 at a difference and prints the first of each kind.
    """
    instruments = load_instruments(str(symbols)) if symbols is not None else Instruments()
    desk = Desk(("ticks", *(f"ticks.{name}" for name in markets)), instruments)
    verdicts = asyncio.run(_verify(find_cluster(os.environ), desk, account))
    if as_json:
        click.echo(json.dumps([msgspec.to_builtins(verdict) for verdict in verdicts], indent=2))
    else:
        for verdict in verdicts:
            _tell(verdict)
    if any(not verdict.is_equal for verdict in verdicts):
        raise click.exceptions.Exit(1)


async def _verify(cluster: Cluster, desk: Desk, account: str | None) -> list[Verdict]:
    shards = catalog().topic("inbox").partitions
    wanted = list(range(shards)) if account is None else [shard_of(account, shards)]
    return await verify_shards(desk.plan(cluster), wanted, None if account is None else account.encode())


def _tell(verdict: Verdict) -> None:
    result = "equal" if verdict.is_equal else "DIFFERENT"
    click.echo(
        f"shard {verdict.shard}: {result}; {verdict.barriers} barriers since number {verdict.since}, "
        f"{verdict.outputs} outputs, {verdict.rows} rows, {verdict.late} late entries"
    )
    for difference in verdict.differences:
        click.echo(f"  {difference}")
