"""A broker behind a proxy, and who reaches it past that."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from streams.local.kafka.kafka import Kafka
from streams.local.machine.ports import LOOPBACK
from streams.transport.kafka.cluster import Cluster
from tests.proxy import Proxy, kafka_behind_proxy


@dataclass(frozen=True)
class Stage:
    """What a play needs."""

    kafka: Kafka
    proxy: Proxy
    direct: Cluster
    """By the listener that the broker keeps for itself: no proxy is in its way."""
    folder: Path


@contextmanager
def a_stage(folder: Path) -> Iterator[Stage]:
    with kafka_behind_proxy(folder / "kafka") as (kafka, proxy):
        _, broker, _ = json.loads((kafka.folder / "ports.json").read_text("utf-8"))
        yield Stage(kafka, proxy, Cluster(f"{LOOPBACK}:{broker}"), folder)
