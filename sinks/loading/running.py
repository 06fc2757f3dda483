"""The sink as a process: it waits for ClickHouse, makes it ready, and writes until it is told to stop."""

import gc
import threading
from collections.abc import Callable, Mapping
from typing import Any

from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import ClickHouseError

from schemas.catalog import Catalog
from schemas.codec import Codec
from schemas.wire.registry import Registry
from sinks.database.database import AwayError, Database, DatabaseError, first_line
from sinks.database.prepare import prepare
from sinks.loading.inserting import Inserting
from sinks.loading.places import identity, starts
from sinks.loading.sink import Sink
from sinks.loading.source import GROUPS, Source
from sinks.loading.writer import Writer

PAUSE_S = 1.0
RARELY = (100_000, 50, 1000)
"""Records come and go by the hundred thousand, and are in no circle: looking for one would take as long as
reading them."""


def run(
    kafka: Mapping[str, Any],
    database: Database,
    stop: threading.Event,
    tell: Callable[[str], None],
    ready: Callable[[], None] = lambda: None,
    *,
    registry_url: str | None = None,
    instance: str | None = None,
    keeps_ticks: bool = True,
) -> None:
    """`kafka`: settings of a confluent-kafka client. Returns when `stop` is set."""
    gc.set_threshold(*RARELY)
    codec = Codec(registry=Registry(registry_url))
    client = _connect(database, codec.catalog, stop, tell)
    if client is None:
        return
    inserting = Inserting(client, stop, tell, compress=not database.embedded)
    writer = Writer(client, inserting, codec, keeps_ticks=keeps_ticks)
    sink = Sink(
        writer.prepare,
        writer.write,
        lambda places: inserting.patiently("progress", lambda: starts(client, places)),
    )
    group = GROUPS + inserting.patiently("migrations", lambda: identity(client))
    source = Source(kafka, group, sink, tell, instance=instance)
    try:
        sink.run(source, stop, ready)
    finally:
        source.close()
        sink.close()


def _connect(
    database: Database, catalogue: Catalog, stop: threading.Event, tell: Callable[[str], None]
) -> Client | None:
    """A client of a database that is ready; None when we are to stop before it comes."""
    has_told = False
    while True:
        try:
            database.make()
            client = database.client(compress=False)
            prepare(client, catalogue, database.cluster)
            return client
        except ClickHouseError as error:
            if getattr(error, "code", None) is not None:
                raise DatabaseError(f"ClickHouse at {database.url}: {first_line(error)}") from error
            trouble = first_line(error)
        except AwayError as error:
            trouble = str(error)
        if not has_told:
            tell(f"{trouble}; waiting")
            has_told = True
        if stop.wait(PAUSE_S):
            return None
