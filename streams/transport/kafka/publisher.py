"""What a worker writes outside transactions: barriers and outputs, in order, each acknowledged."""

from collections.abc import Iterable

from streams.transport.kafka.cluster import Cluster
from streams.transport.kafka.producing import (
    BATCH_BYTES,
    MAX_REQUEST,
    RELIABLE,
    Ack,
    FencedProducer,
    Pair,
    start_batch,
)


class Publisher:
    """One idempotent producer for all shards of the process."""

    def __init__(self, cluster: Cluster) -> None:
        self._producer = FencedProducer(
            **cluster.aiokafka(), **RELIABLE, max_batch_size=BATCH_BYTES, max_request_size=MAX_REQUEST
        )

    async def open(self) -> "Publisher":
        await self._producer.start()
        return self

    async def close(self) -> None:
        await self._producer.stop()

    async def send(self, topic: str, partition: int, pairs: Iterable[Pair]) -> list[Ack]:
        """Hand keys and values over; each future is an acknowledgement."""
        return await start_batch(self._producer, topic, partition, pairs)
