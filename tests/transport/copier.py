"""A worker for tests: copies each record of a topic to the same partition of another, and remembers the last
offset of each key in a table, so that it has something to recover.

    python -m tests.transport.copier BOOTSTRAP NAME SOURCE TARGET [FAULT VALUE]

The fault is done when the value is met: `raise` an error, or `hang` for ever.
"""

import asyncio
import sys

from streams.transport.kafka.cluster import Cluster
from streams.transport.kafka.producing import send_batch
from streams.transport.strict_faust.app import App, app_settings
from streams.transport.strict_faust.batches import RecordBatch
from streams.transport.strict_faust.running import run_apps
from tests.transport.copies import SESSION_SECONDS, Run, copy_of, parameters


def build(run: Run) -> App:
    app = App(**app_settings(Cluster(run.bootstrap), run.name, session_seconds=SESSION_SECONDS))
    table = app.Table("last", partitions=run.partitions, key_type=bytes, value_type=bytes)

    async def copy(batch: RecordBatch) -> None:
        client = app.producer.client  # type: ignore[attr-defined]
        copies = []
        for raw in batch:
            if run.fault and raw.value == run.value:
                if run.fault == "raise":
                    raise ValueError("told to fail")
                await asyncio.Event().wait()
            copies.append((raw.key, copy_of(batch.partition, raw.offset, raw.value)))
            table[raw.key] = b"%d" % raw.offset
        await send_batch(client, run.target, batch.partition, copies)

    app.on_batches(run.source, handle=copy)
    return app


if __name__ == "__main__":
    asyncio.run(run_apps(build(parameters(sys.argv))))
