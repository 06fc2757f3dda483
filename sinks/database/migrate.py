"""Brings a database to what this version of Ghostfill writes and asks.

Rules of this file:
- A migration is a file of one statement, `migrations/0007_name.sql`, which does nothing when done again:
  that is what a process does that died behind it.
- Its name and checksum are written down when it is done. A file that was applied never changes.
- Views keep nothing: `views/07_name.sql` are replaced at each start, in order, behind the migrations.
"""

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

from clickhouse_connect.driver.client import Client

from sinks.database.clustered import on_cluster

FOLDER = Path(__file__).parent / "migrations"
VIEWS = Path(__file__).parent / "views"
_FILE = re.compile(r"(\d{4})_([a-z_]+)\.sql")
_TABLE = (
    "CREATE TABLE IF NOT EXISTS migrations (number UInt32, name String, checksum String, "
    "applied DateTime64(3, 'UTC') DEFAULT now64(3)) ENGINE = ReplacingMergeTree ORDER BY number"
)


class MigrationError(Exception):
    """A migration cannot be applied; says what to do."""


@dataclass(frozen=True)
class Migration:
    """One file."""

    number: int
    name: str
    statement: str

    @property
    def checksum(self) -> str:
        return hashlib.sha256(self.statement.encode()).hexdigest()

    def __str__(self) -> str:
        return f"{self.number:04}_{self.name}"


def migrations(folder: Path = FOLDER) -> list[Migration]:
    """All of them, in order."""
    found = []
    for file in sorted(folder.glob("*.sql")):
        match = _FILE.fullmatch(file.name)
        if match is None:
            raise MigrationError(f"{file.name}: expected a name like 0007_what_it_does.sql")
        found.append(Migration(int(match[1]), match[2], file.read_text("utf-8")))
    numbers = [each.number for each in found]
    if numbers != list(range(1, len(found) + 1)):
        raise MigrationError(f"{folder}: the numbers are {numbers}; expected one after the other, from 1 on")
    return found


def migrate(client: Client, folder: Path = FOLDER, cluster: str = "") -> list[Migration]:
    """Apply what is missing; answers what that was."""
    client.command(on_cluster(_TABLE, cluster))
    rows = client.query("SELECT number, name, checksum FROM migrations FINAL ORDER BY number").result_rows
    applied = {number: (name, checksum) for number, name, checksum in rows}
    known = migrations(folder)
    if newer := sorted(set(map(str, applied)) - {str(each.number) for each in known}):
        raise MigrationError(
            f"the database is of a newer Ghostfill: it has the migrations {', '.join(newer)}"
        )
    for each in known:
        if each.number in applied and applied[each.number] != (each.name, each.checksum):
            raise MigrationError(
                f"{each}.sql is not what was applied as {applied[each.number][0]}: an applied file never "
                "changes; put it back and write a new one"
            )
    return [_apply(client, each, cluster) for each in known if each.number not in applied]


def apply_views(client: Client, folder: Path = VIEWS, cluster: str = "") -> None:
    """Make every view what this version asks."""
    for file in sorted(folder.glob("*.sql")):
        client.command(on_cluster(file.read_text("utf-8"), cluster))


def _apply(client: Client, migration: Migration, cluster: str) -> Migration:
    client.command(on_cluster(migration.statement, cluster))
    row = (migration.number, migration.name, migration.checksum)
    client.insert("migrations", [row], column_names=["number", "name", "checksum"])
    return migration
