"""What a worker writes outside transactions: barriers and outputs, acknowledged by every replica, in order.

Rules of this file: the first produce that fails ends the process, for what came after it may be there.
"""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from typing import NoReturn

from aiokafka import AIOKafkaProducer

from streams.transport.cluster import Cluster

BATCH_BYTES = 512 << 10
MAX_REQUEST = 16 << 20

Pair = tuple[bytes | None, bytes | None]
Ack = asyncio.Future[object]


class Publisher:
    """One idempotent producer."""

    def __init__(self, cluster: Cluster, die: Callable[[str], NoReturn]) -> None:
        self._die = die
        self._producer = AIOKafkaProducer(
            **cluster.aiokafka(),
            acks="all",
            enable_idempotence=True,
            max_batch_size=BATCH_BYTES,
            max_request_size=MAX_REQUEST,
        )

    async def open(self) -> "Publisher":
        await self._producer.start()
        return self

    async def close(self) -> None:
        await self._producer.stop()

    async def send(self, topic: str, partition: int, pairs: Iterable[Pair]) -> list[Ack]:
        """Hand keys and values over; each future is an acknowledgement."""
        acks = await send_batches(self._producer, topic, partition, pairs)
        for ack in acks:
            ack.add_done_callback(self._check)
        return acks

    def _check(self, ack: Ack) -> None:
        if not ack.cancelled() and ack.exception() is not None:
            self._die(f"a record was not accepted by the broker: {ack.exception()!r}")


async def send_batches(
    producer: AIOKafkaProducer, topic: str, partition: int, pairs: Iterable[Pair]
) -> list[Ack]:
    """Whole batches, without the cost of a producer's `send` for each record."""
    acks: list[Ack] = []
    batch = producer.create_batch()
    for key, value in pairs:
        if batch.append(key=key, value=value, timestamp=None) is None:
            batch.close()
            acks.append(await producer.send_batch(batch, topic, partition=partition))
            batch = producer.create_batch()
            batch.append(key=key, value=value, timestamp=None)
    if batch.record_count():
        batch.close()
        acks.append(await producer.send_batch(batch, topic, partition=partition))
    return acks


async def acknowledged(acks: Sequence[Ack]) -> None:
    if acks:
        await asyncio.gather(*acks)
