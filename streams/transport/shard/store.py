"""A shard's checkpoints: its tables' changelogs, written whole or not at all.

Rules of this file:
- A checkpoint is one transaction: the rows that changed, the header, and the records of compacted public
  topics. Each table gets the checkpoint's number too, so that a reader knows when all are of the same one.
- Who opens the store fences everybody who opened it before.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager

import msgspec
from aiokafka.errors import InvalidProducerEpoch, ProducerFenced

from schemas.private import MarketPosition
from streams.transport.contract.machine import Raw, Record, Row
from streams.transport.contract.names import HEADER, SENTINEL
from streams.transport.kafka.cluster import Cluster
from streams.transport.kafka.logs import Log
from streams.transport.kafka.producing import BATCH_BYTES, MAX_REQUEST, FencedProducer, Pair, hand_over
from streams.transport.shard.barriers import TakenOverError
from streams.transport.shard.setup import RowsTable

Tables = dict[str, dict[bytes, bytes]]


class Header(msgspec.Struct, frozen=True, array_like=True):
    """A checkpoint's place in every log."""

    number: int
    """Of its barrier."""
    epoch: int
    engine: str
    inbox: int
    market: MarketPosition
    sources: dict[str, int]
    pending: list[tuple[int, int]]
    """Inbox offsets of the entries that wait, as ranges with both ends."""
    machine: bytes
    barrier: int = -1
    """The barrier's offset."""
    snapshot: tuple[int, str] | None = None
    """Day and engine version of the last whole copy of the tables."""

    @property
    def needed(self) -> int:
        """The first offset of the inbox that a restore reads."""
        return self.pending[0][0] if self.pending else self.inbox


def ranges_of(offsets: Iterable[int]) -> list[tuple[int, int]]:
    """Ascending offsets as ranges: a backlog is a few of them."""
    ranges: list[tuple[int, int]] = []
    for offset in offsets:
        if ranges and ranges[-1][1] == offset - 1:
            ranges[-1] = (ranges[-1][0], offset)
        else:
            ranges.append((offset, offset))
    return ranges


class StoreError(Exception):
    """What is stored is not one checkpoint."""


class Store:
    """One shard's changelogs."""

    def __init__(
        self, cluster: Cluster, changelogs: Mapping[str, str], shard: int, copies: Mapping[str, RowsTable]
    ) -> None:
        self.cluster = cluster
        self.copies = copies
        self.changelogs = changelogs
        """The topic of each table; the first holds the header."""
        self.shard = shard
        self.tables: Tables = {table: {} for table in changelogs}
        """The rows as of the last checkpoint."""
        self.header: Header | None = None
        self._first = next(iter(changelogs))
        self._stamps = dict.fromkeys(changelogs, -1)
        """The number of the checkpoint that each table was last written at."""
        self._producer: FencedProducer | None = None

    async def open(self) -> None:
        """From here on nobody who opened it before can write."""
        self._producer = FencedProducer(
            **self.cluster.aiokafka(),
            transactional_id=f"{self.changelogs[self._first]}-{self.shard}",
            acks="all",
            max_batch_size=BATCH_BYTES,
            max_request_size=MAX_REQUEST,
        )
        try:
            await self._producer.start()
        except (ProducerFenced, InvalidProducerEpoch) as error:
            raise TakenOverError(f"shard {self.shard}: {error!r}") from error

    async def close(self) -> None:
        for copy in self.copies.values():
            copy.forget(self.shard)
        if self._producer is not None:
            await self._producer.stop()

    async def load(self, nonce: str) -> None:
        """Read what is stored, up to a mark that is written now: nobody else writes any more."""
        mark = nonce.encode()
        await self._write([(topic, SENTINEL, mark) for topic in self.changelogs.values()])
        async with asyncio.TaskGroup() as group:
            for table in self.changelogs:
                group.create_task(self._load_to(table, mark))
        self._check_stamps()

    async def _load_to(self, table: str, mark: bytes) -> None:
        async with self._log(table) as log:
            while True:
                for raw in await log.read():
                    if raw.key == SENTINEL and raw.value == mark:
                        return
                    self._take(table, raw)

    async def load_along(self) -> None:
        """Read what is stored while another worker writes: all tables as of one checkpoint."""
        async with AsyncExitStack() as stack:
            logs = {table: await stack.enter_async_context(self._log(table)) for table in self.changelogs}
            while True:
                for table, log in logs.items():
                    async for raw in log.read_to(await log.end()):
                        self._take(table, raw)
                if self._is_whole():
                    return

    def _take(self, table: str, raw: Raw) -> None:
        assert raw.key is not None
        if raw.key == SENTINEL:
            return
        if raw.key != HEADER:
            self._keep(table, raw.key, raw.value)
        elif table == self._first:
            self.header = msgspec.msgpack.decode(raw.value or b"", type=Header)
            self._stamps[table] = self.header.number
        else:
            self._stamps[table] = msgspec.msgpack.decode(raw.value or b"", type=int)

    def _is_whole(self) -> bool:
        return len(set(self._stamps.values())) == 1

    def _check_stamps(self) -> None:
        if not self._is_whole():
            raise StoreError(
                f"shard {self.shard}: its changelogs are of different checkpoints: {self._stamps}. Somebody "
                "else wrote to them, or one of the topics was created again"
            )

    @asynccontextmanager
    async def _log(self, table: str) -> AsyncIterator[Log]:
        log = Log(self.cluster, self.changelogs[table], self.shard, committed=True)
        try:
            yield await log.open()
        finally:
            await log.close()

    async def write(self, header: Header, rows: Sequence[Row], records: Sequence[Record]) -> None:
        """One checkpoint."""
        stored = [(self.changelogs[row.table], row.key, row.value) for row in rows]
        stamp = msgspec.msgpack.encode(header.number)
        stamps = [(topic, HEADER, stamp) for table, topic in self.changelogs.items() if table != self._first]
        headers = [(self.changelogs[self._first], HEADER, msgspec.msgpack.encode(header)), *stamps]
        await self._write([*stored, *records, *headers])
        self.header = header
        self.keep_rows(rows)

    def keep_rows(self, rows: Sequence[Row]) -> None:
        for table, key, value in rows:
            self._keep(table, key, value)

    def _keep(self, table: str, key: bytes, value: bytes | None) -> None:
        if value is None:
            self.tables[table].pop(key, None)
        else:
            self.tables[table][key] = value
        if table in self.copies:
            self.copies[table].keep(self.shard, key, value)

    async def _write(self, records: Iterable[tuple[str, bytes, bytes | None]]) -> None:
        assert self._producer is not None, "the store was not opened to write"
        by_topic: dict[str, list[Pair]] = {}
        for topic, key, value in records:
            by_topic.setdefault(topic, []).append((key, value))
        try:
            async with self._producer.transaction():
                for topic, pairs in by_topic.items():
                    await asyncio.gather(*await hand_over(self._producer, topic, self.shard, pairs))
        except (ProducerFenced, InvalidProducerEpoch) as error:
            raise TakenOverError(f"shard {self.shard}: {error!r}") from error
