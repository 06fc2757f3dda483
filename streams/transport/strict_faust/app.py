"""A Faust app on the strict transport.

Rules of this file: an app that crashes ends the process. Topics exist before an app starts; their bytes are
decoded by whoever reads them.
"""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import Any, cast

import faust
from faust.auth import SASLCredentials, SSLCredentials
from faust.types import EventT

from streams.transport.contract.crash import die
from streams.transport.contract.fence import FENCE
from streams.transport.kafka.cluster import Cluster
from streams.transport.kafka.producing import BATCH_BYTES
from streams.transport.strict_faust.batches import BatchSchema, InOrder, RecordBatch
from streams.transport.strict_faust.driver import SCHEME, Committable, Consumer

COMMIT_SECONDS = 1.0
SESSION_SECONDS = 10.0
REQUEST_SECONDS = 40.0
METADATA_SECONDS = 2.0
"""A broker that has just started may not know its topics yet. The group then assigns nothing to anybody until
its leader looks again: by default after five minutes."""
QUEUED_BATCHES = 16

Arrival = asyncio.Future[Any]
"""Done when Kafka has everything that came of a batch."""
Handle = Callable[[RecordBatch], Awaitable[Arrival | None]]


class App(faust.App):
    """A Faust app that dies of any error."""

    def __init__(self, *args: Any, **settings: Any) -> None:
        self.committable: dict[str, Committable] = {}
        """Topics whose committed offset the app says itself; what is acknowledged is ignored there."""
        super().__init__(*args, **settings)

    def on_batches(self, *topics: str, handle: Handle) -> None:
        """One agent over all these topics.

        A batch is acknowledged when `handle` returns, or when what it returns is done; the next batch need
        not wait for that.
        """
        order = InOrder()

        async def agent(stream: Any) -> None:
            async for event in stream.noack().events():
                batch: RecordBatch = event.value
                if batch.epoch != cast(Consumer, self.consumer).epoch:
                    continue  # read before a rebalance; it is read again
                FENCE.at = str(batch)
                try:
                    order.check(batch)
                    arrival = await handle(batch)
                except Exception as error:
                    die(f"{self.conf.id}: {event.message}: {error!r}")
                if arrival is None:
                    event.ack()
                else:
                    arrival.add_done_callback(partial(_acknowledge, event))

        self.agent(self.topic(*topics, schema=BatchSchema()), name="-".join(topics))(agent)

    @property
    def is_reading(self) -> bool:
        """Whether its group has given it what it is to read."""
        return self._consumer is not None and cast(Consumer, self._consumer).is_reading

    def _crash(self, reason: BaseException) -> None:
        if not isinstance(reason, asyncio.CancelledError):
            die(f"{self.conf.id}: {reason!r}")

    def _create_directories(self) -> None:
        """It keeps nothing on the disk."""


def _acknowledge(event: EventT[RecordBatch], arrival: Arrival) -> None:
    if not arrival.cancelled():
        if (error := arrival.exception()) is not None:
            die(f"{event.message}: {error!r}")
        event.ack()


def app_settings(
    cluster: Cluster,
    name: str,
    *,
    instance: str | None = None,
    session_seconds: float = SESSION_SECONDS,
    commit_seconds: float = COMMIT_SECONDS,
    compression: str | None = None,
) -> dict[str, Any]:
    """What `App(**app_settings(...))` takes.

    An `instance` names this worker among those of its group for as long as it is the same one: when it comes
    back within the session's time nobody else takes its partitions.
    """
    return {
        "id": name,
        "broker": f"{SCHEME}://{cluster.bootstrap}",
        "broker_client_id": name,
        "broker_credentials": _credentials(cluster),
        "broker_commit_interval": commit_seconds,
        "broker_session_timeout": session_seconds,
        "broker_heartbeat_interval": session_seconds / 5,
        "broker_rebalance_timeout": max(session_seconds, 10.0),
        "broker_request_timeout": max(REQUEST_SECONDS, session_seconds),
        "consumer_auto_offset_reset": "earliest",
        "consumer_metadata_max_age_ms": int(METADATA_SECONDS * 1000),
        "consumer_group_instance_id": instance,
        "producer_compression_type": compression,
        "producer_max_batch_size": BATCH_BYTES,
        "stream_buffer_maxsize": QUEUED_BATCHES,
        "stream_wait_empty": False,
        "store": "memory://",
        "table_standby_replicas": 0,
        "topic_allow_declare": False,
        "topic_disable_leader": True,
        "web_enabled": False,
        "autodiscover": False,
        "datadir": Path(),
    }


def _credentials(cluster: Cluster) -> SASLCredentials | SSLCredentials | None:
    tls = cluster.tls() if cluster.uses_tls else None
    if cluster.mechanism:
        return SASLCredentials(
            username=cluster.username, password=cluster.password, ssl_context=tls, mechanism=cluster.mechanism
        )
    return SSLCredentials(tls) if tls else None
