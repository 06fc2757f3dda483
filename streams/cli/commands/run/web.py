"""`ghostfill web`: the page and the API, until it is told to stop."""

import os
from pathlib import Path

import click

from streams.cli.options.many import FILE, example
from streams.cli.options.params import REGISTRY
from streams.local.machine.home import Home, find_cluster, find_database
from streams.web.guard.policy import PolicyError, policy_for
from streams.web.serve import Address, serve

READING = ("/api/sql",)
"""A POST there changes nothing."""


@click.command(
    epilog=example(
        "ghostfill web --port 5006\nKAFKA_BOOTSTRAP=kafka:9092 CLICKHOUSE_URL=https://… ghostfill web"
    )
)
@click.option(
    "--host",
    default="127.0.0.1",
    show_default=True,
    help="Address to listen on; beyond this machine, people need tokens.",
)
@click.option("--port", type=click.IntRange(1, 65535), default=5005, show_default=True)
@click.option(
    "--name",
    "names",
    multiple=True,
    metavar="NAME",
    help="A host name under which it is reached; repeatable.",
)
@click.option("--tls-cert", type=FILE, help="A certificate file (PEM), for https.")
@click.option("--tls-key", type=FILE, help="Its key (PEM).")
@click.option(
    "--instance", metavar="NAME", help="A name for this process alone.",
)  # fmt: skip
@click.option(
    "--ready-file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Written when it is listening, for scripts.",
)
def web(
    host: str,
    port: int,
    names: tuple[str, ...],
    tls_cert: Path | None,
    tls_key: Path | None,
    instance: str | None,
    ready_file: Path | None,
) -> None:
    """Serve the page and the API.

    `ghostfill up` runs it. It finds Kafka and ClickHouse as the other commands do.
    """
    if (tls_cert is None) != (tls_key is None):
        raise click.UsageError("give both --tls-cert and --tls-key, or neither")
    address = Address(host, port, names, tls_cert, tls_key)

    def ready() -> None:
        click.echo(f"the page is at {address.url}", err=True)
        if ready_file is not None:
            ready_file.write_text(f"{os.getpid()}\n")

    cluster, database = find_cluster(os.environ), find_database(os.environ)
    try:
        policy = policy_for(
            Home.from_environment(os.environ), host, port, names, tls=tls_cert is not None, reading=READING
        )
    except PolicyError as error:
        raise click.UsageError(str(error)) from error
    serve(cluster, database, address, policy, os.environ.get(REGISTRY), ready)
