"""A partition's records as a Parquet file, which any tool can read."""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa
from pyarrow import parquet

ROWS, BYTES = 20_000, 16 << 20
"""Of one row group."""
SCHEMA = pa.schema(
    [
        pa.field("offset", pa.int64(), nullable=False),
        pa.field("timestamp", pa.int64(), nullable=False),
        pa.field("key", pa.binary()),
        pa.field("value", pa.binary()),
        pa.field("headers", pa.list_(pa.struct([("name", pa.string()), ("value", pa.binary())]))),
    ]
)

Headers = list[tuple[str, bytes | None]]


class StoredRecord(NamedTuple):
    """A record as Kafka had it."""

    offset: int
    timestamp: int
    """In milliseconds."""
    key: bytes | None
    value: bytes | None
    headers: Headers | None


class RecordWriter:
    """Writes one file."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.records = 0
        self._writer = parquet.ParquetWriter(path, SCHEMA, compression="zstd")
        self._waiting: list[StoredRecord] = []
        self._bytes = 0

    def add(self, record: StoredRecord) -> None:
        self._waiting.append(record)
        self._bytes += len(record.key or b"") + len(record.value or b"")
        if len(self._waiting) >= ROWS or self._bytes >= BYTES:
            self._flush()

    def close(self) -> None:
        self._flush()
        self._writer.close()

    def _flush(self) -> None:
        if not self._waiting:
            return
        *columns, headers = zip(*self._waiting, strict=True)
        named = [each and [{"name": name, "value": value} for name, value in each] for each in headers]
        arrays = [pa.array(each, field.type) for each, field in zip([*columns, named], SCHEMA, strict=True)]
        self._writer.write_table(pa.table(arrays, schema=SCHEMA))
        self.records += len(self._waiting)
        self._waiting, self._bytes = [], 0


def read_records(path: Path) -> Iterator[StoredRecord]:
    """In the order of their offsets."""
    with parquet.ParquetFile(path) as file:
        for group in range(file.num_row_groups):
            columns = file.read_row_group(group).to_pydict()
            for offset, timestamp, key, value, named in zip(*columns.values(), strict=True):
                headers = named and [(each["name"], each["value"]) for each in named]
                yield StoredRecord(offset, timestamp, key, value, headers)
