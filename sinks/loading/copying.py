"""A database's tables as files of ClickHouse's own form, and back.

Rules of this file:
- How far markets were read is copied before what was read of them: a sink that goes on finds what is there.
- Tables that something is restored into are empty: what is in them would be mixed with it.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

import cramjam
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import ClickHouseError

from schemas.catalog import Catalog
from sinks.blocks.tables import BARS, TABLES, TICKS
from sinks.database.database import Database, DatabaseError, first_line
from sinks.database.prepare import prepare
from sinks.loading.places import PROGRESS

FORM = "Native"
NAMES = (PROGRESS, TICKS, BARS, *(table.name for table in TABLES.values()))
"""Those that hold something of their own."""

FileOf = Callable[[str], Path]


def copy_out(database: Database, file_of: FileOf) -> dict[str, list[str]]:
    """Each table's columns; none where no sink has been yet."""
    with _opened(database) as client:
        found = {name: columns for name in NAMES if (columns := _columns(client, name))}
        for name, columns in found.items():
            _write(client, name, columns, file_of(name))
    return found


def copy_in(
    database: Database, catalogue: Catalog, tables: Mapping[str, Sequence[str]], file_of: FileOf
) -> None:
    """Into tables of this version; raises where one holds something."""
    database.make()
    with _opened(database) as client:
        prepare(client, catalogue, database.cluster)
        for name in tables:
            if client.command(f"SELECT count() FROM {name}"):
                raise DatabaseError(
                    f"the table {name} of {database.url} holds rows: restore into a database that is new; "
                    "name another in the URL, or drop this one"
                )
        for name, columns in tables.items():
            with file_of(name).open("rb") as file:
                client.raw_insert(name, columns, file, fmt=FORM, compression="zstd")


@contextmanager
def _opened(database: Database) -> Iterator[Client]:
    """What ClickHouse refuses is told in its words."""
    with closing(database.client()) as client:
        try:
            yield client
        except ClickHouseError as error:
            raise DatabaseError(f"ClickHouse at {database.url}: {first_line(error)}") from error


def _columns(client: Client, table: str) -> list[str]:
    """Those that are stored."""
    asked = """
        SELECT name FROM system.columns
        WHERE database = currentDatabase() AND table = {table:String}
            AND default_kind NOT IN ('EPHEMERAL', 'ALIAS', 'MATERIALIZED')
        ORDER BY position
    """
    return [name for (name,) in client.query(asked, {"table": table}).result_rows]


def _write(client: Client, table: str, columns: Sequence[str], file: Path) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    packed = cramjam.zstd.Compressor()
    named = ", ".join(f"`{column}`" for column in columns)
    with file.open("wb") as out, client.raw_stream(f"SELECT {named} FROM {table}", fmt=FORM) as rows:
        while chunk := rows.read(1 << 20):
            packed.compress(chunk)
            out.write(bytes(packed.flush()))
        out.write(bytes(packed.finish()))
