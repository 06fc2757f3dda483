"""Passes every record of a topic on to the next with plain aiokafka, each acknowledged by all replicas.

    peer_chain.py BOOTSTRAP FROM TO [FROM TO ...]

Prints a line when it reads, and goes on until it is ended.
"""

import asyncio
import sys

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition


async def pass_on(
    producer: AIOKafkaProducer, bootstrap: str, source: str, target: str, ready: asyncio.Event
) -> None:
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, auto_offset_reset="latest")
    await consumer.start()
    try:
        consumer.assign([TopicPartition(source, 0)])
        await consumer.seek_to_end()
        ready.set()
        async for record in consumer:
            await producer.send_and_wait(target, record.value, partition=0)
    finally:
        await consumer.stop()


async def serve(bootstrap: str, topics: list[str]) -> None:
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, acks="all", enable_idempotence=True)
    await producer.start()
    hops = list(zip(topics[::2], topics[1::2], strict=True))
    ready = [asyncio.Event() for _ in hops]
    tasks = [
        asyncio.create_task(pass_on(producer, bootstrap, *hop, event))
        for hop, event in zip(hops, ready, strict=True)
    ]
    try:
        for event in ready:
            await event.wait()
        print("ready", flush=True)
        await asyncio.gather(*tasks)
    finally:
        await producer.stop()


if __name__ == "__main__":
    asyncio.run(serve(sys.argv[1], sys.argv[2:]))
