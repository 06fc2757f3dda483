"""`ghostfill up`: an instance with all its parts, until Ctrl-C."""

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib import metadata
from pathlib import Path

import click

from streams.cli.board import Board
from streams.cli.downloads import Downloads
from streams.cli.many import FILE, example
from streams.cli.topics import MARKET_HELP, REPLICAS_HELP
from streams.local import topics
from streams.local.command import Command
from streams.local.home import HOME, Home, Instance
from streams.local.interrupts import Interrupts
from streams.local.jars import KAFKA_VERSION
from streams.local.kafka import HEAP, Kafka
from streams.local.supervisor import Supervisor
from streams.transport.cluster import Cluster

WORKER = (sys.executable, "-m", "streams.cli", "worker")


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
@click.option("--kafka-heap", default=HEAP, show_default=True, help="Memory of the embedded Kafka's Java.")
def up(
    ready_file: Path | None,
    workers: int,
    markets: tuple[str, ...],
    symbols: Path | None,
    replicas: int | None,
    kafka_port: int | None,
    kafka_heap: str,
) -> None:
    """Run Ghostfill here until Ctrl-C.

    Everything that it keeps is in GHOSTFILL_HOME; a second start goes on where the first stopped. Kafka runs
    embedded, unless KAFKA_BOOTSTRAP names a cluster of yours.
    """
    home = Home.from_environment(os.environ)
    own = Kafka(home.kafka, kafka_port, heap=kafka_heap, log=home.logs / "kafka.log")
    with home.locked():
        _remove(ready_file)
        with _cluster(own) as cluster:
            topics.apply(cluster, markets, replicas=replicas)
            desk = [word for name in markets for word in ("--market", name)]
            desk += ["--symbols", str(symbols.absolute())] if symbols is not None else []
            with _told(home, cluster, own):
                _supervise(home, cluster, own, parts(home, cluster, workers, desk), ready_file)


def parts(home: Home, cluster: Cluster, workers: int, desk: Sequence[str]) -> list[Command]:
    """The gate and the desks, in the order in which they start; `desk` are the options of each desk."""
    names = ["desk" if number == 1 else f"desk-{number}" for number in range(1, workers + 1)]
    desks = [_part(home, cluster, name, "desk", *desk) for name in names]
    return [_part(home, cluster, "gate", "gate"), *desks]


def _part(home: Home, cluster: Cluster, name: str, part: str, *options: str) -> Command:
    ready = home.run / f"{name}.ready"
    return Command(
        name=name,
        command=[
            *WORKER,
            "--part",
            part,
            "--instance",
            f"{home.name()}-{name}",
            "--ready-file",
            str(ready),
            *options,
        ],
        log=home.logs / f"{name}.log",
        ready_file=ready,
        environment={**os.environ, **cluster.environment(), HOME: str(home.folder)},
    )


def _supervise(
    home: Home, cluster: Cluster, own: Kafka, workers: list[Command], ready_file: Path | None
) -> None:
    """Runs the parts until Ctrl-C and says what they do."""
    board = Board()
    board.say(*_addresses(home, cluster, own))
    with Interrupts() as interrupts:
        supervisor = Supervisor(interrupts, board.show)
        try:
            if own.is_running:
                supervisor.adopt(own)
            supervisor.start(workers)
            supervisor.run(until=lambda: supervisor.all_ready)
            if supervisor.all_ready:
                _touch(ready_file)
                board.say("Ready: signals may be sent. Ctrl-C stops.")
            supervisor.run()
        finally:
            _remove(ready_file)
            supervisor.stop()


def _addresses(home: Home, cluster: Cluster, own: Kafka) -> list[str]:
    which = f"Apache Kafka {KAFKA_VERSION}, embedded" if own.is_running else "yours"
    return [
        f"Ghostfill {metadata.version('ghostfill')}",
        f"  home      {home.folder}",
        f"  logs      {home.logs}",
        f"  kafka     {cluster.bootstrap} ({which})",
    ]


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
def _told(home: Home, cluster: Cluster, own: Kafka) -> Iterator[None]:
    """Others find this instance from here on and not longer."""
    home.tell(
        Instance(
            pid=os.getpid(),
            bootstrap=cluster.bootstrap,
            protocol=cluster.protocol,
            ghostfill=metadata.version("ghostfill"),
            kafka=KAFKA_VERSION if own.is_running else "",
            endpoints={},
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
