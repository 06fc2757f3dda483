"""Makes a database ready for the messages of this version: its tables, its views, and columns that are new.

Rules of this file:
- Migrations make tables as they were when they were written; a field that a schema has got since becomes a
  column by itself, and a word that an enumeration has got is added to its column.
- A money column takes in what is sent to it by another name: see `SENT` of `columns`.
- A column that is there and is something else ends the start: nothing is written into what is not ours.
"""

import io
import re
from collections import defaultdict
from collections.abc import Mapping
from uuid import uuid4

from clickhouse_connect.driver.client import Client

from schemas.catalog import Catalog
from sinks.blocks import avro_rows
from sinks.blocks.columns import MONEY, PLACE, SENT, TIME, columns_of, is_money, sent_as
from sinks.blocks.tables import TABLES
from sinks.blocks.varints import signed
from sinks.database.clustered import check, on_cluster
from sinks.database.database import DatabaseError
from sinks.database.migrate import apply_views, migrate

_SYMBOL = re.compile(r"'([^']+)' = \d+")


def prepare(client: Client, catalogue: Catalog, cluster: str = "") -> None:
    """`cluster`: whose replicas all have the tables; empty: this server alone."""
    if cluster:
        check(client, cluster)
    _check_avro(client)
    migrate(client, cluster=cluster)
    found = _columns(client)
    for table in TABLES.values():
        expected = {**columns_of(catalogue.schemas.current(table.kind)), **PLACE}
        if statement := changes(table.name, expected, found[table.name]):
            client.command(on_cluster(statement, cluster))
    apply_views(client, cluster=cluster)


def changes(table: str, expected: Mapping[str, str], found: Mapping[str, str]) -> str | None:
    """The statement that makes a table's columns what is expected: one, for each rewrites what is there."""
    actions: list[str] = []
    before = None
    for name, kind in expected.items():
        where = f"AFTER `{before}`" if before else "FIRST"
        if name not in found:
            actions += _change("ADD COLUMN IF NOT EXISTS", name, kind, where)
        elif found[name] != kind:
            if not _grows(found[name], kind):
                raise DatabaseError(
                    f"{table}.{name} is {found[name]}; expected {kind}: this table is not Ghostfill's, or "
                    "somebody changed it; name another database"
                )
            actions += _change("MODIFY COLUMN", name, kind, "")
        before = name
    return f"ALTER TABLE {table} {', '.join(actions)}" if actions else None


def _change(how: str, name: str, kind: str, where: str) -> list[str]:
    if not is_money(kind):
        return [f"{how} `{name}` {kind} {where}".rstrip()]
    sent = sent_as(name)
    codec = "ZSTD" if kind.startswith("Map(") else "GCD, ZSTD"  # of a map's parts some are no numbers
    return [
        f"ADD COLUMN IF NOT EXISTS `{sent}` {kind.replace(MONEY, SENT)} EPHEMERAL",
        f"{how} `{name}` {kind} DEFAULT `{sent}` CODEC({codec}) {where}".rstrip(),
        # What is sent would be lost without a word if its column went away: this forbids that.
        f"ADD CONSTRAINT IF NOT EXISTS keeps_{name} CHECK isNull(`{name}`) OR 1",
    ]


def _check_avro(client: Client) -> None:
    """Servers differ in what they make of an Avro long: ours are already in a column's units."""
    table = f"avro_{uuid4().hex[:12]}"
    fields = [{"name": "money", "type": "long"}, {"name": "ts", "type": "long"}]
    row = signed(123_456_789) + signed(1_000_001)
    block = io.BytesIO(avro_rows.file_of(avro_rows.head(fields), 1, [row]))
    client.command(f"CREATE TABLE {table} (money {SENT}, ts {TIME}) ENGINE = Memory")
    try:
        client.raw_insert(table, ["money", "ts"], block, fmt=avro_rows.FORMAT)
        found = client.query(f"SELECT DISTINCT toString(money), toString(ts) FROM {table}").result_rows
    finally:
        client.command(f"DROP TABLE {table}")
    if list(found) != [("1.23456789", "1970-01-01 00:00:01.000001")]:
        raise DatabaseError(
            f"this ClickHouse reads Avro's longs as {found[0]}: a newer or an older one is needed"
        )


def _grows(found: str, expected: str) -> bool:
    """Whether the one is narrow money and the other wide, or an enumeration is the beginning of the other."""
    if is_money(expected):
        return found == expected.replace(MONEY, SENT)
    old, new = _SYMBOL.findall(found), _SYMBOL.findall(expected)
    return bool(old) and old == new[: len(old)]


def _columns(client: Client) -> Mapping[str, dict[str, str]]:
    """Of each table."""
    found: dict[str, dict[str, str]] = defaultdict(dict)
    asked = "SELECT table, name, type FROM system.columns WHERE database = currentDatabase()"
    for table, name, kind in client.query(asked).result_rows:
        found[table][name] = kind
    return found
