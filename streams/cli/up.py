"""`ghostfill up`: an instance with all its parts, until Ctrl-C."""

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib import metadata
from pathlib import Path

import click

from sinks.database import Database
from streams.cli.board import Board
from streams.cli.downloads import Downloads
from streams.cli.many import FILE, example
from streams.cli.topics import MARKET_HELP, REPLICAS_HELP
from streams.local import topics
from streams.local.clickhouse import ClickHouse
from streams.local.command import Command
from streams.local.home import CLICKHOUSE, HOME, Home, Instance, find_database
from streams.local.interrupts import Interrupts
from streams.local.jars import KAFKA_VERSION
from streams.local.kafka import HEAP, Kafka
from streams.local.supervisor import Supervisor
from streams.transport.cluster import Cluster

GHOSTFILL: tuple[str, ...] = (sys.executable, "-m", "streams.cli")


@click.command(epilog=example("ghostfill up\nGHOSTFILL_HOME=~/second ghostfill up --market crypto"))
@click.option(
    "--ready-file", type=click.Path(dir_okay=False, path_type=Path),
    help="A file that is there while signals may be sent.",
)  # fmt: skip
@click.option("--workers", type=click.IntRange(min=1), default=1, show_default=True, help="Desk processes.")
@click.option("--market", "markets", metavar="NAME", multiple=True, help=MARKET_HELP)
@click.option("--symbols", type=FILE, help="A file of tick sizes, lots and market hours.")
@click.option("--replicas", type=click.IntRange(min=1), help=REPLICAS_HELP)
@click.option("--kafka-port", type=click.IntRange(1, 65535), help="Where the embedded Kafka listens.")
@click.option("--clickhouse-port", type=click.IntRange(1, 65535), help="Where the embedded ClickHouse is.")
@click.option("--no-ticks", is_flag=True, help="Keep no ticks in ClickHouse: they are most of the rows.")
@click.option("--kafka-heap", default=HEAP, show_default=True, help="Memory of the embedded Kafka's Java.")
def up(
    ready_file: Path | None,
    workers: int,
    markets: tuple[str, ...],
    symbols: Path | None,
    replicas: int | None,
    kafka_port: int | None,
    clickhouse_port: int | None,
    no_ticks: bool,
    kafka_heap: str,
) -> None:
    """Run Ghostfill here until Ctrl-C.

    Everything that it keeps is in GHOSTFILL_HOME; a second start goes on where the first stopped. Kafka runs
    embedded, unless KAFKA_BOOTSTRAP names a cluster of yours; so does ClickHouse, unless CLICKHOUSE_URL names
    a database of yours.
    """
    home = Home.from_environment(os.environ)
    own = Kafka(home.kafka, kafka_port, heap=kafka_heap, log=home.logs / "kafka.log")
    with home.locked():
        _remove(ready_file)
        results = _results(home, clickhouse_port)
        with _cluster(own) as cluster:
            topics.apply(cluster, markets, replicas=replicas)
            desk = [word for name in markets for word in ("--market", name)]
            desk += ["--symbols", str(symbols.absolute())] if symbols is not None else []
            sink = ["--no-ticks"] if no_ticks else []
            kept = [*([results] if results else []), *parts(home, cluster, workers, desk, sink)]
            with _told(home, cluster, own, results):
                _supervise(home, _addresses(home, cluster, own, results), own, kept, ready_file)


def parts(
    home: Home, cluster: Cluster, workers: int, desk: Sequence[str] = (), sink: Sequence[str] = ()
) -> list[Command]:
    """The gate, the desks and the sink, in the order in which they start; with the options of each."""
    names = ["desk" if number == 1 else f"desk-{number}" for number in range(1, workers + 1)]
    return [
        _part(home, cluster, "gate", "worker", "--part", "gate"),
        *(_part(home, cluster, name, "worker", "--part", "desk", *desk) for name in names),
        _part(home, cluster, "sink", "sink", *sink),
    ]


def _part(home: Home, cluster: Cluster, name: str, *command: str) -> Command:
    ready = home.run / f"{name}.ready"
    return Command(
        name=name,
        command=[
            *GHOSTFILL,
            *command,
            "--instance",
            f"{home.name()}-{name}",
            "--ready-file",
            str(ready),
        ],
        log=home.logs / f"{name}.log",
        ready_file=ready,
        environment={**os.environ, **cluster.environment(), HOME: str(home.folder)},
    )


def _supervise(
    home: Home, addresses: Sequence[str], own: Kafka, kept: list[Command], ready_file: Path | None
) -> None:
    """Runs the parts until Ctrl-C and says what they do."""
    board = Board()
    board.say(*addresses)
    with Interrupts() as interrupts:
        supervisor = Supervisor(interrupts, board.show)
        try:
            if own.is_running:
                supervisor.adopt(own)
            supervisor.start(kept)
            supervisor.run(until=lambda: supervisor.all_ready)
            if supervisor.all_ready:
                _touch(ready_file)
                board.say("Ready: signals may be sent. Ctrl-C stops.")
            supervisor.run()
        finally:
            _remove(ready_file)
            supervisor.stop()


def _addresses(home: Home, cluster: Cluster, own: Kafka, results: ClickHouse | None) -> list[str]:
    which = f"Apache Kafka {KAFKA_VERSION}, embedded" if own.is_running else "yours"
    database = f"{results.url} (embedded)" if results else f"{find_database(os.environ).url} (yours)"
    return [
        f"Ghostfill {metadata.version('ghostfill')}",
        f"  home        {home.folder}",
        f"  logs        {home.logs}",
        f"  kafka       {cluster.bootstrap} ({which})",
        f"  clickhouse  {database}",
    ]


def _results(home: Home, port: int | None) -> ClickHouse | None:
    """Our own ClickHouse, unless one is named."""
    if Database.from_environment(os.environ) is not None:
        return None
    return ClickHouse(home.clickhouse, port, home.logs / "clickhouse.log", home.run / "clickhouse.ready")


@contextmanager
def _cluster(own: Kafka) -> Iterator[Cluster]:
    """The user's cluster where one is named, else our own, from here on and not longer."""
    named = Cluster.from_environment(os.environ)
    if named is not None:
        yield named
        return
    click.echo(f"Starting Kafka {KAFKA_VERSION}")
    try:
        yield own.start(progress=Downloads(f"Kafka {KAFKA_VERSION}"))
    finally:
        own.stop()


@contextmanager
def _told(home: Home, cluster: Cluster, own: Kafka, results: ClickHouse | None) -> Iterator[None]:
    """Others find this instance from here on and not longer."""
    home.tell(
        Instance(
            pid=os.getpid(),
            bootstrap=cluster.bootstrap,
            protocol=cluster.protocol,
            ghostfill=metadata.version("ghostfill"),
            kafka=KAFKA_VERSION if own.is_running else "",
            endpoints={CLICKHOUSE: results.url} if results else {},
        )
    )
    try:
        yield
    finally:
        home.untell()


def _touch(ready_file: Path | None) -> None:
    if ready_file:
        ready_file.parent.mkdir(parents=True, exist_ok=True)
        ready_file.touch()


def _remove(ready_file: Path | None) -> None:
    if ready_file:
        ready_file.unlink(missing_ok=True)
