"""Reads ticks in JSON with a plain Faust agent and prints what it took, as JSON.

Between the first tick and the last of those asked for; the topic may hold more.
"""

import json
import os
import sys
import time
from typing import Any

import faust

bootstrap, name, wanted = sys.argv[1:]

app = faust.App(
    f"plain-faust-{os.getpid()}",
    broker=f"kafka://{bootstrap}",
    consumer_auto_offset_reset="earliest",
    topic_disable_leader=True,
    topic_allow_declare=False,
    store="memory://",
    web_enabled=False,
    datadir=f"/tmp/plain-faust-{os.getpid()}",
)
topic = app.topic(name, key_type=bytes, key_serializer="raw", value_serializer="json")


@app.agent(topic)
async def count_ticks(ticks: Any) -> None:
    left, start = int(wanted), 0.0
    async for tick in ticks:
        assert tick["symbol"]
        start = start or time.perf_counter()
        left -= 1
        if left == 0:
            result = {"ticks": int(wanted), "seconds": time.perf_counter() - start}
            os.write(1, json.dumps(result).encode() + b"\n")  # Faust logs what is printed
            os._exit(0)  # a clean end takes Faust seconds that nobody measures


if __name__ == "__main__":
    sys.argv[1:] = ["worker", "-l", "warn", "--without-web"]
    app.main()
