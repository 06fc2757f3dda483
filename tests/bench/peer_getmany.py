"""Reads ticks in JSON with a bare aiokafka consumer and orjson, and prints what it took, as JSON.

Between the first record and the last. `--calm` gives the garbage collector the settings of our workers.
"""

import argparse
import asyncio
import gc
import json
import time

import orjson
from aiokafka import AIOKafkaConsumer, TopicPartition


async def read(bootstrap: str, topic: str, count: int) -> float:
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, auto_offset_reset="earliest")
    await consumer.start()
    try:
        consumer.assign([TopicPartition(topic, 0)])
        left, start = count, 0.0
        while left > 0:
            for records in (await consumer.getmany(timeout_ms=1000)).values():
                start = start or time.perf_counter()
                for record in records:
                    orjson.loads(record.value)
                left -= len(records)
        return time.perf_counter() - start
    finally:
        await consumer.stop()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("bootstrap")
    parser.add_argument("topic")
    parser.add_argument("count", type=int)
    parser.add_argument("--calm", action="store_true")
    options = parser.parse_args()
    if options.calm:
        gc.set_threshold(50_000, 50, 1000)
    seconds = asyncio.run(read(options.bootstrap, options.topic, options.count))
    print(json.dumps({"ticks": options.count, "seconds": seconds}))


if __name__ == "__main__":
    main()
