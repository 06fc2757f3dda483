"""`ghostfill connect`: ready settings of Kafka and ClickHouse for programs of a person's own."""

import os
from dataclasses import replace

import click

from sinks.database.database import READER, USER, Database, DatabaseError
from streams.cli.commands.manage.client_settings import CLIENTS
from streams.cli.options.many import example
from streams.local.machine.home import find_cluster, find_database

USERS = (READER, "default")


@click.command(
    epilog=example(
        'ghostfill connect python\nghostfill connect kcat > kcat.conf\neval "$(ghostfill connect --env)"'
    )
)
@click.argument("client", required=False, type=click.Choice([*CLIENTS]))
@click.option("--env", "as_environment", is_flag=True, help="Print `export` lines for a shell.")
@click.option(
    "--user",
    type=click.Choice(USERS),
    help="Who you are to the embedded ClickHouse: reader may only read, default may do everything. "
    f"(default: {READER})",
)
def connect(client: str | None, as_environment: bool, user: str | None) -> None:
    """Print the Kafka and ClickHouse settings for your programs.

    They are those of the running instance, or of the cluster and the database that the environment names.
    Passwords are shown: what you write into a file is for you alone after `umask 077`.
    """
    if as_environment and client not in (None, "shell"):
        raise click.UsageError(f"--env prints the settings of a shell, not those of {client}")
    cluster, database = find_cluster(os.environ), _database(user)
    names = ["shell"] if as_environment else [client] if client else list(CLIENTS)
    for name in names:
        lines = CLIENTS[name].lines(cluster, database)
        if len(names) > 1:
            click.echo(f"\n## {CLIENTS[name].title}\n")
        elif not lines:
            raise DatabaseError("this instance keeps no results: run the part results, or set CLICKHOUSE_URL")
        for line in lines or ["(this instance keeps no results)"]:
            click.echo(line)


def _database(user: str | None) -> Database | None:
    try:
        found = find_database(os.environ)
    except DatabaseError:
        return None
    if found.embedded:
        is_reader = user in (None, READER)
        password = found.reader_password if is_reader else found.password
        return replace(found, user=user or READER, password=password)
    if user is not None:
        raise click.UsageError(
            f"--user is for the embedded ClickHouse only; {found.url} is used as {found.user}: "
            f"set {USER} for another"
        )
    return found
