"""One partition of a topic, read by offset: what the fold reads besides its agent's stream.

Rules of this file: nobody decides for us where to read. An offset that is not there any more is an error that
names what retention deleted.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import OffsetOutOfRangeError

from streams.transport.contract.machine import Raw
from streams.transport.kafka.cluster import Cluster
from streams.transport.kafka.fetching import FastConsumer

LONG_POLL_MS = 2000
"""How long Kafka holds a request until something comes. Whatever else this client asks waits behind it."""
READ_MS = 500
"""How long a read waits for it."""
FETCH_BYTES = 8 << 20


class HoleError(Exception):
    """Records that the fold needs are gone."""


class Log:
    """A partition from an offset on."""

    def __init__(self, cluster: Cluster, topic: str, partition: int, *, committed: bool = False) -> None:
        self.place = TopicPartition(topic, partition)
        self._given_back: list[Raw] = []
        self._consumer = FastConsumer(
            **cluster.aiokafka(),
            isolation_level="read_committed" if committed else "read_uncommitted",
            fetch_max_wait_ms=LONG_POLL_MS,
            max_partition_fetch_bytes=FETCH_BYTES,
            fetch_max_bytes=4 * FETCH_BYTES,
        )

    async def open(self, offset: int | None = None) -> "Log":
        """Ready to read from an offset; None: from the first that there is."""
        await self._start()
        self._read_from(await self.beginning() if offset is None else offset)
        return self

    async def last(self, count: int) -> list[Raw]:
        """The last records that there are, about so many; opens it."""
        await self._start()
        end = await self.end()
        self._read_from(max(await self.beginning(), end - count))
        return [raw async for raw in self.read_to(end)]

    async def _start(self) -> None:
        await self._consumer.start()
        await asyncio.sleep(0)  # a client that is stopped before its tasks ran raises CancelledError

    def _read_from(self, offset: int) -> None:
        """At once: between the two it would look for an offset of its own, and wait there."""
        self._consumer.assign([self.place])
        self._consumer.seek(self.place, offset)

    async def close(self) -> None:
        await self._consumer.stop()

    async def beginning(self) -> int:
        offsets: dict[TopicPartition, int] = await self._consumer.beginning_offsets([self.place])
        return offsets[self.place]

    async def end(self) -> int:
        """The offset after the last record that it may read."""
        offsets: dict[TopicPartition, int] = await self._consumer.end_offsets([self.place])
        return offsets[self.place]

    def give_back(self, raws: Iterable[Raw]) -> None:
        """The next read gives them again."""
        self._given_back = [*raws, *self._given_back]

    async def position(self) -> int:
        """Where the next read begins; past gaps that hold no records."""
        if self._given_back:
            return self._given_back[0].offset
        position: int = await self._consumer.position(self.place)
        return position

    async def read(self, wait_ms: int = READ_MS) -> Sequence[Raw]:
        """What has come since; empty when nothing did."""
        if self._given_back:
            given, self._given_back = self._given_back, []
            return given
        try:
            found = await self._consumer.batches(wait_ms)
        except OffsetOutOfRangeError as error:
            raise await self._hole() from error
        return found.get(self.place, ())

    async def read_to(self, end: int) -> AsyncIterator[Raw]:
        """The records before an offset."""
        while await self.position() < end:
            raws = await self.read()
            self.give_back(raw for raw in raws if raw.offset >= end)
            for raw in raws:
                if raw.offset < end:
                    yield raw

    async def _hole(self) -> HoleError:
        topic, partition = self.place
        first = await self.beginning()
        wanted = await self.position()
        return HoleError(
            f"{topic}, partition {partition}: the fold needs offset {wanted}, and the first that is left is "
            f"{first}: retention deleted what lies between, or the topic was created again. Give the topic a "
            "longer retention.ms; to start over, use a new home or new topics"
        )


class Ends:
    """Where logs begin and end now: a client of its own, because another would wait behind its long poll.

    Whoever asks while a request is under way shares the next one with all who ask meanwhile.
    """

    def __init__(self, cluster: Cluster) -> None:
        self._consumer = AIOKafkaConsumer(**cluster.aiokafka(), enable_auto_commit=False)
        self._asking = asyncio.Lock()
        self._places: set[TopicPartition] = set()
        """Of the next request."""
        self._next: asyncio.Task[dict[TopicPartition, int]] | None = None

    async def open(self) -> "Ends":
        await self._consumer.start()
        return self

    async def close(self) -> None:
        await self._consumer.stop()

    async def of_one(self, topic: str, partition: int) -> int:
        """The offset after the last record, as it is after this was asked."""
        place = TopicPartition(topic, partition)
        self._places.add(place)
        if self._next is None:
            self._next = asyncio.create_task(self._ask())
        return (await asyncio.shield(self._next))[place]

    async def beginnings(self, topics: Sequence[str]) -> dict[str, int]:
        """The first offset that is left of each, which has one partition."""
        if not topics:
            return {}
        async with self._asking:
            places = [TopicPartition(topic, 0) for topic in topics]
            found = await self._consumer.beginning_offsets(places)
        return {place.topic: offset for place, offset in found.items()}

    async def _ask(self) -> dict[TopicPartition, int]:
        async with self._asking:
            places, self._places, self._next = self._places, set(), None
            found: dict[TopicPartition, int] = await self._consumer.end_offsets(list(places))
            return found
