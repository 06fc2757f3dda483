"""`ghostfill backup` and `ghostfill restore`: everything that an instance knows, as files, and back."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from streams.cli.instance.stores import stores_alone
from streams.cli.options.many import example
from streams.clients.backup import manifest
from streams.clients.backup.restoring import restore as bring_back
from streams.clients.backup.taking import Advance, take
from streams.local.machine.home import find_cluster, find_database

FOLDER = click.Path(file_okay=False, path_type=Path)
topics_only = click.option("--topics-only", is_flag=True, help="Leave ClickHouse out.")


@click.command(epilog=example("ghostfill backup backups/monday"))
@click.argument("folder", metavar="DIR", type=FOLDER)
@topics_only
def backup(folder: Path, topics_only: bool) -> None:
    """Write everything that an instance knows into a new folder, while it runs.

    Topics with every offset, how far each consumer has read, and ClickHouse's tables. Passwords, tokens and
    your own files are left out.
    """
    cluster = find_cluster(os.environ)
    database = None if topics_only else find_database(os.environ)
    with _bar("Copying topics") as advance:
        taken = take(cluster, database, folder, advance)
    size = sum((folder / name).stat().st_size for name in taken.files)
    click.echo(f"{_said(taken)} are in {folder}: {size / 1e6:,.1f} MB")


@click.command(epilog=example("GHOSTFILL_HOME=new-home ghostfill restore backups/monday"))
@click.argument("folder", metavar="DIR", type=FOLDER)
@topics_only
def restore(folder: Path, topics_only: bool) -> None:
    """Bring a backup back into a new Kafka and a new ClickHouse, before anything else runs.

    They are those that KAFKA_BOOTSTRAP and CLICKHOUSE_URL name, or those of the home, where nothing may run
    meanwhile. Whatever is started afterwards goes on where the backup was taken.
    """
    found = manifest.read(folder)
    wants_tables = bool(found.tables) and not topics_only
    with (
        stores_alone(os.environ, wants_database=wants_tables) as (cluster, database),
        _bar("Restoring topics") as advance,
    ):
        bring_back(cluster, database, folder, found, advance)
    click.echo(f"{_said(found)} are back, as they were at {found.taken}")


def _said(found: manifest.Manifest) -> str:
    return f"{found.records:,} records of {len(found.topics)} topics and {len(found.tables)} tables"


@contextmanager
def _bar(label: str) -> Iterator[Advance]:
    """On a terminal alone."""
    with click.progressbar(length=100, label=label, file=sys.stderr, hidden=not sys.stderr.isatty()) as bar:
        yield lambda done, total: bar.update(int(100 * done / max(1, total)) - bar.pos)
