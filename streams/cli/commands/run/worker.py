"""`ghostfill worker`: the gate, the desk, or both, until it is told to stop."""

import asyncio
import os
from collections.abc import Callable
from pathlib import Path

import click
from aiokafka.errors import KafkaConnectionError

from streams.accounts import load_instruments
from streams.agents.desk import Desk
from streams.agents.gate import gate_app
from streams.cli.commands.manage.topics import MARKET_HELP
from streams.cli.options.many import FILE, example
from streams.cli.options.params import REGISTRY
from streams.engine.model.settings import Instruments
from streams.local.machine.home import find_cluster
from streams.transport.contract.crash import die, in_words
from streams.transport.process.worker import Worker
from streams.transport.strict_faust.running import run_apps


@click.command(epilog=example("KAFKA_BOOTSTRAP=kafka:9092 ghostfill worker --part desk --market crypto"))
@click.option("--part", type=click.Choice(["gate", "desk"]), required=True, help="Which part to run.")
@click.option(
    "--standby",
    is_flag=True,
    help="Stand by: follow every shard, and take over at once from a desk that dies.",
)
@click.option("--market", "markets", metavar="NAME", multiple=True, help=MARKET_HELP)
@click.option("--symbols", type=FILE, help="A file of tick sizes, lots and market hours.")
@click.option(
    "--session-timeout", type=click.FloatRange(min=1), default=10.0, show_default=True, metavar="SECONDS",
    help="How long a silent process keeps its shards before others take them.",
)  # fmt: skip
@click.option(
    "--instance", metavar="NAME",
    help="A name for this process alone. After a restart under it within the session's time, nobody else has "
    "taken its work, and it goes on at once.",
)  # fmt: skip
@click.option(
    "--ready-file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Written when it is working, for scripts.",
)
def worker(
    part: str,
    standby: bool,
    markets: tuple[str, ...],
    symbols: Path | None,
    session_timeout: float,
    instance: str | None,
    ready_file: Path | None,
) -> None:
    """Run one part of an instance: the gate, or a desk.

    `ghostfill up` runs both. More desks, on this machine or on others, share the shards; they all have to be
    given the same markets and the same symbols.
    """
    cluster = find_cluster(os.environ)
    ready = _ready(ready_file)
    if part == "gate":
        if standby:
            raise click.UsageError("a gate keeps nothing, so it needs no standby: start a second one")
        app = gate_app(
            cluster,
            registry_url=os.environ.get(REGISTRY),
            instance=instance,
            session_seconds=session_timeout,
        )
        asyncio.run(run_apps(app, ready=ready))
    else:
        instruments = load_instruments(str(symbols)) if symbols is not None else Instruments()
        desk = Desk(("ticks", *(f"ticks.{name}" for name in markets)), instruments)
        plan = desk.plan(cluster, standby=standby, instance=instance, session_seconds=session_timeout)
        try:
            asyncio.run(Worker(plan).run(ready))
        except KafkaConnectionError as error:
            die(in_words(error))


def _ready(file: Path | None) -> Callable[[], None]:
    def tell() -> None:
        if file is not None:
            file.write_text(f"{os.getpid()}\n")

    return tell
