"""`ghostfill verify`: the logs folded again, and compared with what was published and stored.

Rules of this file: a shard is a process of its own, as many at once as there are cores.
"""

import asyncio
import json
import multiprocessing
import os
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from functools import partial
from pathlib import Path

import click
import msgspec

from schemas.catalog import catalog
from schemas.partition import shard_of
from streams.accounts import load_instruments
from streams.agents.desk import Desk
from streams.cli.commands.manage.topics import MARKET_HELP
from streams.cli.options.many import FILE, example
from streams.clients.accounts import desk_table
from streams.engine.model.settings import Instruments
from streams.local.machine.home import find_cluster, own_instance
from streams.transport.kafka.cluster import Cluster
from streams.transport.process.verify import Verdict, verify_shards
from streams.transport.shard.handover.takeover import MarketError, VersionError
from streams.transport.shard.snapshots import SnapshotError

Fold = Callable[[int], Verdict]


@click.command(epilog=example("ghostfill verify\nghostfill verify paper-1 --json"))
@click.argument("account", required=False)
@click.option("--market", "markets", metavar="NAME", multiple=True, help=MARKET_HELP)
@click.option(
    "--symbols",
    type=FILE,
    help="The symbols file that the desks were given. (default: the one of the instance that runs here)",
)
@click.option("--json", "as_json", is_flag=True, help="Print what was found as JSON.")
def verify(account: str | None, markets: tuple[str, ...], symbols: Path | None, as_json: bool) -> None:
    """Fold the logs again from the last snapshot and compare every output and every row.

    Reads only, and may run while desks work. Exits with 1 at a difference and prints the first of each kind.
    """
    cluster = find_cluster(os.environ)
    shards = catalog().topic("inbox").partitions
    wanted: Sequence[int] = range(shards)
    if account is not None:
        desk_table.account(cluster, account)
        wanted = [shard_of(account, shards)]
    key = None if account is None else account.encode()
    markets, symbols = _told(cluster, markets, symbols)
    fold = partial(_fold, cluster, markets, symbols, key)
    try:
        verdicts = sorted(_on_all_cores(fold, wanted), key=lambda verdict: verdict.shard)
    except (MarketError, SnapshotError) as error:
        raise click.ClickException(str(error)) from error
    except VersionError as error:
        raise click.ClickException(f"{error}; --symbols names a symbols file") from error
    if as_json:
        click.echo(json.dumps([msgspec.to_builtins(verdict) for verdict in verdicts], indent=2))
    else:
        for verdict in verdicts:
            _tell(verdict)
    if any(not verdict.is_equal for verdict in verdicts):
        raise click.exceptions.Exit(1)


def _told(
    cluster: Cluster, markets: tuple[str, ...], symbols: Path | None
) -> tuple[tuple[str, ...], Path | None]:
    """The desks' markets and symbols file as named here, else as the instance that runs here has them."""
    instance = own_instance(os.environ, cluster)
    if instance is None:
        return markets, symbols
    file = Path(instance.symbols) if instance.symbols else None
    return markets or tuple(instance.markets), symbols or file


def _on_all_cores(fold: Fold, shards: Sequence[int]) -> Iterator[Verdict]:
    """As they are done."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    pool = ProcessPoolExecutor(
        min(cores, len(shards)), multiprocessing.get_context("spawn"), initializer=_die_at_ctrl_c
    )
    with (
        pool,
        click.progressbar(
            length=len(shards), label="Verifying", file=sys.stderr, hidden=not sys.stderr.isatty()
        ) as bar,
    ):
        try:
            for done in as_completed([pool.submit(fold, shard) for shard in shards]):
                bar.update(1)
                yield done.result()
        except BaseException:  # inside: the pool's own end waits for all of them
            for child in multiprocessing.active_children():
                child.terminate()
            raise


def _die_at_ctrl_c() -> None:
    """Only who asked says that it was stopped."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def _fold(
    cluster: Cluster, markets: Sequence[str], symbols: Path | None, key: bytes | None, shard: int
) -> Verdict:
    """In a process of its own, which reads the file itself: instruments that were pickled hash otherwise."""
    instruments = load_instruments(str(symbols)) if symbols is not None else Instruments()
    desk = Desk(("ticks", *(f"ticks.{name}" for name in markets)), instruments)
    (verdict,) = asyncio.run(verify_shards(desk.plan(cluster), [shard], key))
    return verdict


def _tell(verdict: Verdict) -> None:
    result = "equal" if verdict.is_equal else "DIFFERENT"
    click.echo(
        f"shard {verdict.shard}: {result}; {verdict.barriers} barriers since number {verdict.since}, "
        f"{verdict.outputs} outputs, {verdict.rows} rows, {verdict.late} late entries"
    )
    for difference in verdict.differences:
        click.echo(f"  {difference}")
