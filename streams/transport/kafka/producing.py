"""Writing to Kafka so that what was acknowledged is there, and what was not ends the process.

Rules of this file: acks of all replicas, idempotence, and no failed produce that is only logged. A process
that stood still sends nothing.
"""

import asyncio
from collections import deque
from collections.abc import Iterable, Mapping
from typing import Any

from aiokafka import AIOKafkaProducer
from aiokafka.structs import RecordMetadata, TopicPartition
from faust.transport.drivers import aiokafka as driver
from faust.transport.producer import ProducerBuffer
from mode import Service

from streams.transport.contract.crash import die
from streams.transport.contract.fence import FENCE, Fence

RELIABLE: Mapping[str, Any] = {"acks": "all", "enable_idempotence": True}
"""Settings of every producer of ours."""

BATCH_BYTES = 512 << 10
MAX_REQUEST = 16 << 20
"""The broker's `message.max.bytes` and the topics' `max.message.bytes` are as large."""

Pair = tuple[bytes | None, bytes | None]
"""A record's key and value."""

Ack = asyncio.Future[RecordMetadata]


class FencedProducer(AIOKafkaProducer):  # type: ignore[misc]  # it has no types
    """An aiokafka producer that asks the fence before each request."""

    def __init__(self, *args: Any, fence: Fence = FENCE, **settings: Any) -> None:
        super().__init__(*args, **settings)
        send = self.client.send

        async def fenced_send(*args: Any, **keywords: Any) -> Any:
            fence.check()
            return await send(*args, **keywords)

        self.client.send = fenced_send


def must_arrive(sent: Ack) -> Ack:
    """End the process if this was not written."""
    sent.add_done_callback(_die_of_failure)
    return sent


def _die_of_failure(sent: Ack) -> None:
    if not sent.cancelled() and (error := sent.exception()) is not None:
        die(f"Kafka did not take a record: {error!r}")


async def start_batch(
    producer: AIOKafkaProducer, topic: str, partition: int, pairs: Iterable[Pair]
) -> list[Ack]:
    """Hand records over that must arrive, in this order; the futures are done when Kafka has them all."""
    return [must_arrive(ack) for ack in await hand_over(producer, topic, partition, pairs)]


async def hand_over(
    producer: AIOKafkaProducer, topic: str, partition: int, pairs: Iterable[Pair]
) -> list[Ack]:
    """Give records to the producer in whole batches, without the cost of its `send` for each.

    aiokafka sends one batch of a partition at a time; what waits behind that takes in what comes meanwhile.
    """
    left = deque(pairs)
    waiting: list[Ack] = []
    unsent = _unsent(producer, TopicPartition(topic, partition))
    if unsent is not None and _fill(unsent._builder, left):
        waiting.append(asyncio.shield(unsent.future))
    while left:
        builder = producer.create_batch()
        _fill(builder, left)
        ack: Ack = await producer.send_batch(builder, topic, partition=partition)
        waiting.append(ack)
    return waiting


def _fill(builder: Any, pairs: deque[Pair]) -> bool:
    """Move into a batch what it has room for, of a new one the first in any case; whether there was any."""
    before = len(pairs)
    while pairs and builder.append(timestamp=None, key=pairs[0][0], value=pairs[0][1]) is not None:
        pairs.popleft()
    return len(pairs) < before


def _unsent(producer: AIOKafkaProducer, place: TopicPartition) -> Any:
    """The last batch that waits to be sent there; one that is sent again takes nothing more."""
    batches = producer._message_accumulator._batches.get(place)
    return batches[-1] if batches else None


async def send_batch(
    producer: AIOKafkaProducer, topic: str, partition: int, pairs: Iterable[Pair]
) -> list[RecordMetadata]:
    """Write records in this order and wait until Kafka has them all."""
    return list(await asyncio.gather(*await start_batch(producer, topic, partition, pairs)))


class Buffer(ProducerBuffer):
    """What is sent without waiting. Unlike Faust's, its flush returns when everything was handed on."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self._handed_on = asyncio.Event()
        self._handed_on.set()

    def put(self, fut: Any) -> None:
        self._handed_on.clear()
        super().put(fut)

    @Service.task
    async def _handle_pending(self) -> None:
        while not self.should_stop or not self.pending.empty():
            await self._send_pending(await self.pending.get())
            self.message_sent.set()
            if self.pending.empty():
                self._handed_on.set()

    async def flush(self) -> None:
        await self._handed_on.wait()


class Producer(driver.Producer):
    """Faust's producer."""

    def __init__(self, *args: Any, **settings: Any) -> None:
        super().__init__(*args, **settings)
        self.buffer = Buffer(loop=self.loop, beacon=self.beacon)
        self.buffer.app = self.app

    @property
    def client(self) -> AIOKafkaProducer:
        """For whole batches."""
        return self._ensure_producer()

    @property
    def _producer_type(self) -> type[AIOKafkaProducer]:
        return FencedProducer

    def _settings_extra(self) -> Mapping[str, Any]:
        return RELIABLE

    async def send(self, *args: Any, **keywords: Any) -> Any:
        sent: Any = await super().send(*args, **keywords)
        return must_arrive(sent)
