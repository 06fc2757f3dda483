"""`ghostfill up`: an instance with all its parts, until Ctrl-C."""

import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from streams.cli.commands.manage.topics import MARKET_HELP, REPLICAS_HELP
from streams.cli.instance.configuration import read_setup
from streams.cli.instance.instance import Ghostfill
from streams.cli.instance.setup import DASHBOARD, PARTS, TRADER, WEB_PORT, Setup
from streams.cli.options.many import FILE, example
from streams.local.kafka.kafka import HEAP
from streams.local.machine.home import Home
from streams.local.machine.kafka_login import AUTHS, OPEN
from streams.local.machine.ports import LOOPBACK

CONFIG = "GHOSTFILL_CONFIG"
USUAL_FILE = Path("ghostfill.yaml")
PORT = click.IntRange(1, 65535)
SOME = click.IntRange(min=1)
PARTS_HELP = (
    "Run only this part; repeatable. trader: the gate and the desks; results: ClickHouse and "
    "the sink; dashboard: the page."
)

AUTH_HELP = (
    "scram: the embedded Kafka asks everybody for a password, which `ghostfill connect` shows. "
    f"Default: {OPEN}, so whoever can log in to this machine may use it."
)


@click.command(epilog=example("ghostfill up\nghostfill up --part results --part dashboard --web-port 8080"))
@click.option(
    "--config",
    type=FILE,
    envvar=CONFIG,
    show_envvar=True,
    help="The settings file (default: ghostfill.yaml, if there is one). `ghostfill init` writes one.",
)
@click.option(
    "--ready-file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="A file that exists while signals may be sent, for scripts.",
)
@click.option("--part", "parts", type=click.Choice(PARTS), multiple=True, help=PARTS_HELP)
@click.option("--workers", type=SOME, help="Number of desk processes (default: 1).")
@click.option("--market", "markets", metavar="NAME", multiple=True, help=MARKET_HELP)
@click.option("--symbols", type=FILE, help="A file of tick sizes, lots and market hours.")
@click.option("--replicas", "kafka_replicas", type=SOME, help=REPLICAS_HELP)
@click.option("--kafka-port", type=PORT, help="Port of the embedded Kafka.")
@click.option("--kafka-heap", help=f"Memory of the embedded Kafka (default: {HEAP}).")
@click.option("--kafka-auth", type=click.Choice(AUTHS), help=AUTH_HELP)
@click.option("--clickhouse-port", type=PORT, help="Port of the embedded ClickHouse.")
@click.option(
    "--ticks/--no-ticks",
    "clickhouse_ticks",
    default=None,
    help="Keep ticks in ClickHouse; they are most of the rows (default: keep).",
)
@click.option(
    "--web-host", help=f"Address that the page listens on (default: {LOOPBACK}, this machine only)."
)
@click.option("--web-port", type=PORT, help=f"Port of the page (default: {WEB_PORT}).")
@click.option(
    "--web-name", "web_names", multiple=True, help="A host name under which the page is reached; repeatable."
)
@click.option("--web-tls-cert", type=FILE, help="Certificate file (PEM), to serve the page over https.")
@click.option("--web-tls-key", type=FILE, help="Key file of the certificate (PEM).")
@click.option("--no-web", is_flag=True, help="Do not serve the page.")
def up(config: Path | None, ready_file: Path | None, no_web: bool, **given: Any) -> None:
    """Run Ghostfill on this machine until Ctrl-C.

    Everything that it keeps is in GHOSTFILL_HOME; a second start goes on where the first stopped. Kafka runs
    embedded, unless KAFKA_BOOTSTRAP names a cluster of yours; so does ClickHouse, unless CLICKHOUSE_URL names
    a database of yours. What is given here counts more than what ghostfill.yaml says.
    """
    file = config or (USUAL_FILE if USUAL_FILE.is_file() else None)
    setup = with_options(read_setup(file) if file else Setup(), given)
    if no_web:
        setup = replace(setup, parts=tuple(part for part in setup.parts if part != DASHBOARD))
    if not setup.parts:
        raise click.UsageError("--no-web leaves nothing to run: name another --part")
    if (setup.web.tls_cert is None) != (setup.web.tls_key is None):
        raise click.UsageError("give both --web-tls-cert and --web-tls-key, or neither")
    ready = "Ready: signals may be sent." if TRADER in setup.parts else "Ready."
    home = Home.from_environment(os.environ)
    Ghostfill(home, setup, os.environ, ready_file).run(lambda seconds: [f"{ready} Ctrl-C stops."])


def with_options(setup: Setup, options: Mapping[str, Any]) -> Setup:
    """What an option says in place of what the setup does; an option `web_port` is the `port` of `web`."""
    said = {name: value for name, value in options.items() if value not in (None, ())}
    whole: dict[str, Any] = {
        name: said.pop(name) for name in ("parts", "workers", "markets", "symbols") if name in said
    }
    for section in ("kafka", "clickhouse", "web"):
        found = {
            name.removeprefix(f"{section}_"): value
            for name, value in said.items()
            if name.startswith(f"{section}_")
        }
        whole[section] = replace(getattr(setup, section), **found)
    return replace(setup, **whole)
