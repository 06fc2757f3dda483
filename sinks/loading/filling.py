"""Puts messages and markets into the tables without Kafka, by the sink's own writer.

Rules of this file:
- What is added goes behind what the tables have of partition 0, in batches: memory does not grow with it.
- Nobody is waited for: the first trouble ends it.
"""

import threading
from collections import defaultdict
from collections.abc import Container, Iterable
from datetime import datetime

import numpy as np
from clickhouse_connect.driver.client import Client

from schemas.codec import default_codec, encode
from schemas.columns import BAR, TICK, Columns, Ints
from schemas.kinds import key_of, topic_of
from schemas.messages import Message
from sinks.blocks import native_blocks
from sinks.blocks.market_rows import PartOfMarket
from sinks.blocks.records import Partition, Record, RecordRun
from sinks.blocks.tables import BARS, TABLES, TICKS
from sinks.database.database import DatabaseError
from sinks.loading.inserting import InsertBlock, Inserting
from sinks.loading.places import ends_of
from sinks.loading.writer import Writer

BATCH = 20_000
PARTITION = 0


class Filling:
    """The tables of one database. `written`: when Kafka would have taken what is added."""

    def __init__(self, client: Client, written: datetime) -> None:
        self._client = client
        self._inserting = Inserting(client, threading.Event(), _end, compress=False)
        self._writer = Writer(client, self._inserting, default_codec())
        self._time = int(written.timestamp() * 1000)
        self._waiting: dict[str, list[Message]] = defaultdict(list)
        self._ends: dict[str, int] = {}

    def add(self, messages: Iterable[Message]) -> None:
        for message in messages:
            topic = topic_of(message)
            waiting = self._waiting[topic]
            waiting.append(message)
            if len(waiting) == BATCH:
                self._write(topic)

    def add_market(self, columns: Columns, symbols: Container[str]) -> None:
        """The ticks and bars of these symbols, as they are."""
        known = [at for at, name in enumerate(columns.names) if name in symbols]
        is_wanted = np.isin(columns.symbol, known)
        for table, kind in ((TICKS, TICK), (BARS, BAR)):
            if columns.kind is not None:
                self._write_market(table, columns, np.flatnonzero(is_wanted & (columns.kind == kind)))
            elif kind == TICK:
                self._write_market(table, columns, np.flatnonzero(is_wanted))

    def finish(self) -> None:
        """Everything that was added is there when it returns."""
        for topic in [*self._waiting]:
            self._write(topic)

    def _write(self, topic: str) -> None:
        messages = self._waiting.pop(topic)
        start = self._taken(topic, len(messages))
        records = [
            Record(start + number, self._time, key_of(message), encode(message))
            for number, message in enumerate(messages)
        ]
        self._writer.write(self._writer.prepare([RecordRun.of(Partition(topic, PARTITION), records)]))

    def _write_market(self, table: str, columns: Columns, rows: Ints) -> None:
        """`table` is its topic too."""
        if not len(rows):
            return
        place = Partition(table, PARTITION)
        first = self._taken(table, len(columns))
        offsets = np.arange(first, first + len(columns))
        part = PartOfMarket(place, columns, offsets, np.full(len(columns), self._time))
        for found in part.blocks(table, rows):
            form, ends = native_blocks.FORMAT, {place: found.last}
            self._inserting.insert(
                InsertBlock(table, found.names, form, found.data, ends, f"{table}:{found.last}")
            )

    def _taken(self, topic: str, count: int) -> int:
        """The first of so many offsets that are still free."""
        if topic not in self._ends:
            table = TABLES[topic].name if topic in TABLES else topic
            self._ends[topic] = ends_of(self._client, table).get(Partition(topic, PARTITION), 0)
        start = self._ends[topic]
        self._ends[topic] += count
        return start


def _end(trouble: str) -> None:
    raise DatabaseError(trouble.removesuffix("; trying again"))
