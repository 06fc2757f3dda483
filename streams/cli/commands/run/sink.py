"""`ghostfill sink`: topics into ClickHouse, each record once, until it is told to stop."""

import os
import signal
import threading
from pathlib import Path

import click

from sinks.blocks.avro_rows import NewerSchemaError
from sinks.database.database import DatabaseError
from sinks.database.migrate import MigrationError
from sinks.loading.inserting import SinkStoppedError, WrongError
from sinks.loading.running import run
from sinks.loading.source import SourceError
from streams.cli.options.many import example
from streams.cli.options.params import REGISTRY
from streams.local.machine.home import find_cluster, find_database


@click.command(
    epilog=example("KAFKA_BOOTSTRAP=kafka:9092 CLICKHOUSE_URL=https://clickhouse:8443/paper ghostfill sink")
)
@click.option("--no-ticks", is_flag=True, help="Do not keep ticks; they are most of the rows.")
@click.option(
    "--instance", metavar="NAME",
    help="A name for this process alone: after a restart under it, it goes on at once.",
)  # fmt: skip
@click.option(
    "--ready-file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Written when it is working, for scripts.",
)
def sink(no_ticks: bool, instance: str | None, ready_file: Path | None) -> None:
    """Write what happens into ClickHouse, each record once.

    `ghostfill up` runs it. The database is the one that CLICKHOUSE_URL names, or else the running instance's
    own; what it lacks is created. More sinks share the topics.
    """
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    try:
        run(
            find_cluster(os.environ).confluent(),
            find_database(os.environ),
            stop,
            _tell,
            lambda: _note(ready_file),
            registry_url=os.environ.get(REGISTRY),
            instance=instance,
            keeps_ticks=not no_ticks,
        )
    except (SourceError, WrongError, NewerSchemaError, MigrationError) as error:
        raise DatabaseError(f"the sink stopped: {error}") from error
    except SinkStoppedError:
        pass


def _tell(line: str) -> None:
    click.echo(line, err=True)


def _note(ready_file: Path | None) -> None:
    if ready_file is not None:
        ready_file.write_text(f"{os.getpid()}\n")
