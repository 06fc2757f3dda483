"""A worker process over a toy: `python -m tests.transport.toy_worker BOOTSTRAP APP`."""

import asyncio
import sys

from streams.transport.kafka.cluster import Cluster
from streams.transport.process.worker import Worker, WorkerPlan
from tests.transport.toy import decode
from tests.transport.toy_world import SHARDS, ToyTopics


def tell_ready() -> None:
    sys.stdout.write("ready\n")
    sys.stdout.flush()


def main() -> None:
    bootstrap, app, *standby = sys.argv[1:]
    topics = ToyTopics(app)
    plan = WorkerPlan(
        name=app,
        cluster=Cluster(bootstrap),
        names=topics.fold,
        engine="toy 1",
        make=topics.machine,
        decode=decode,
        markets=[topics.names["ticks"]],
        reports=topics.names["reports"],
        shards=SHARDS,
        standby=bool(standby),
        session_seconds=3,
        settings={"checkpoint_after": 0.2},
    )
    asyncio.run(Worker(plan).run(tell_ready))


if __name__ == "__main__":
    main()
