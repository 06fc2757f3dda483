"""Whole copies of a shard's tables, so that a second fold need not start at the beginning.

Rules of this file: a snapshot is written within the transaction of its checkpoint, once a day and whenever
another version of the engine goes on; its header comes last.
"""

from collections.abc import Iterator

import msgspec

from streams.transport.contract.machine import Record, Row
from streams.transport.kafka.cluster import Cluster
from streams.transport.kafka.logs import Log
from streams.transport.shard.store import Header, Tables

ROW = b"row"
HEADER = b"header"

DAY = 24 * 3600 * 1_000_000
"""In microseconds."""


class Stored(msgspec.Struct, frozen=True, array_like=True):
    """One row of a snapshot."""

    table: str
    key: bytes
    value: bytes


class Ending(msgspec.Struct, frozen=True, array_like=True):
    """A snapshot's last record."""

    header: Header
    rows: int


class SnapshotError(Exception):
    """There is no snapshot to begin at."""


def records_of(topic: str, header: Header, tables: Tables) -> Iterator[Record]:
    count = 0
    for table, rows in tables.items():
        for key, value in rows.items():
            count += 1
            yield Record(topic, ROW, msgspec.msgpack.encode(Stored(table, key, value)))
    yield Record(topic, HEADER, msgspec.msgpack.encode(Ending(header, count)))


async def newest(cluster: Cluster, topic: str, shard: int) -> tuple[Ending, Tables] | None:
    """The last snapshot of a shard."""
    log = await Log(cluster, topic, shard, committed=True).open()
    found: tuple[Ending, Tables] | None = None
    tables: Tables = {}
    try:
        async for raw in log.read_to(await log.end()):
            if raw.key == ROW:
                row = msgspec.msgpack.decode(raw.value or b"", type=Stored)
                tables.setdefault(row.table, {})[row.key] = row.value
            else:
                found = msgspec.msgpack.decode(raw.value or b"", type=Ending), tables
                tables = {}
    finally:
        await log.close()
    return found


def with_rows(tables: Tables, rows: list[Row]) -> Tables:
    """The tables after these rows were stored too."""
    result = {table: dict(rows) for table, rows in tables.items()}
    for table, key, value in rows:
        if value is None:
            result.setdefault(table, {}).pop(key, None)
        else:
            result.setdefault(table, {})[key] = value
    return result
