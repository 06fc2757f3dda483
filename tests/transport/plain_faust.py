"""The same worker as `copier`, as Faust's own documentation would have it. It is kept to fail: the tests that
our transport passes must be able to tell the two apart.

    python -m tests.transport.plain_faust BOOTSTRAP NAME SOURCE TARGET [FAULT VALUE]
"""

import asyncio
import sys
from typing import Any

import faust

from tests.transport.copies import SESSION_SECONDS, Run, copy_of, parameters


def build(run: Run) -> faust.App:
    app = faust.App(
        run.name,
        broker=f"kafka://{run.bootstrap}",
        broker_session_timeout=SESSION_SECONDS,
        broker_heartbeat_interval=SESSION_SECONDS / 5,
        broker_commit_interval=1.0,
        topic_partitions=run.partitions,
        topic_allow_declare=False,
        topic_disable_leader=True,
        consumer_auto_offset_reset="earliest",
        store="memory://",
        table_standby_replicas=0,
        web_enabled=False,
        datadir=f"/tmp/{run.name}",
        producer_acks=-1,
    )
    raw = {"key_type": bytes, "value_type": bytes, "key_serializer": "raw", "value_serializer": "raw"}
    source = app.topic(run.source, **raw)  # type: ignore[arg-type]
    target = app.topic(run.target, **raw)  # type: ignore[arg-type]
    table = app.Table("last", partitions=run.partitions, key_type=bytes, value_type=bytes)

    @app.agent(source)
    async def copy(stream: Any) -> None:
        async for event in stream.events():
            if run.fault and event.value == run.value:
                if run.fault == "raise":
                    raise ValueError("told to fail")
                await asyncio.Event().wait()
            place = event.message
            table[event.key] = b"%d" % place.offset
            copied = copy_of(place.partition, place.offset, event.value)
            await target.send(key=event.key, value=copied, partition=place.partition)

    return app


if __name__ == "__main__":
    run = parameters(sys.argv)
    sys.argv[1:] = ["worker", "-l", "warn", "--without-web"]
    build(run).main()
