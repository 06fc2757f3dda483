"""Three brokers, each a controller too: what is written is held by all of them, and counts when two have it.

Rules of this file: clients reach each broker through a proxy of its own; brokers reach each other past them.
"""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TypeVar

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from streams.local.kafka.broker_settings import Ports
from streams.local.kafka.kafka import START_S, Kafka
from streams.local.machine.ports import LOOPBACK, free_ports
from streams.local.parts.logs import last_lines
from streams.transport.kafka.cluster import Cluster
from tests.broker import skip_without_kafka
from tests.live.secured import Security, lets_in
from tests.proxy import Proxy

BROKERS = 3
HEAP = "320m"
COPIES = {"replication.factor": "3", "min.isr": "2"}
LOOK_S = 0.1
IN_SYNC_S = 90.0

Found = TypeVar("Found")


class Member(Kafka):
    """One of them."""

    def __init__(self, brokers: "Brokers", number: int) -> None:
        super().__init__(
            brokers.folder / f"broker{number}", advertised_port=brokers.proxies[number].port, heap=HEAP
        )
        self.node = number + 1
        self.identity = brokers.identity
        self._brokers, self._own = brokers, brokers.ports[number]

    def _choose_ports(self) -> Ports:
        return self._own

    def is_ready(self) -> bool:
        return lets_in(Cluster(f"{LOOPBACK}:{self._own.broker}"))

    def settings(self, ports: Ports) -> dict[str, str]:
        usual = super().settings(ports)
        voters = [f"{node}@{LOOPBACK}:{each.controller}" for node, each in enumerate(self._brokers.ports, 1)]
        own_topics = {
            name: COPIES["min.isr" if name.endswith("min.isr") else "replication.factor"]
            for name in usual
            if name.endswith(("topic.replication.factor", "log.replication.factor", ".min.isr"))
        }
        return self._brokers.secure(usual) | own_topics | {
            "node.id": str(self.node),
            "controller.quorum.voters": ",".join(voters),
            "default.replication.factor": str(BROKERS),
            "min.insync.replicas": "2",
        }  # fmt: skip

    @property
    def quorum(self) -> tuple[int, int]:
        """Which controller it last followed, with the epoch before."""
        file = self._data / "__cluster_metadata-0" / "quorum-state"
        said = json.loads(file.read_text("utf-8"))
        return said["leaderEpoch"], said["leaderId"]


class Brokers:
    """All of them. `cluster` goes through the proxies, `direct` past them."""

    def __init__(self, folder: Path, proxies: list[Proxy], security: Security | None) -> None:
        self.folder, self.proxies, self.security = folder, proxies, security
        spare = free_ports(3 * BROKERS)
        self.ports = [Ports(*spare[3 * number : 3 * number + 3]) for number in range(BROKERS)]
        self.identity = Kafka(folder).identity
        self.members = [Member(self, number) for number in range(BROKERS)]
        for proxy, own in zip(proxies, self.ports, strict=True):
            proxy.target = own.clients
        bootstrap = ",".join(f"{LOOPBACK}:{proxy.port}" for proxy in proxies)
        self.cluster = security.cluster(bootstrap) if security else Cluster(bootstrap)
        self.direct = Cluster(",".join(f"{LOOPBACK}:{own.broker}" for own in self.ports))

    def secure(self, usual: dict[str, str]) -> dict[str, str]:
        """Settings of a broker whose clients prove who they are, if they are to."""
        return self.security.settings(usual) if self.security else usual

    def start(self) -> None:
        for member in self.members:
            member.spawn()
        self.await_that(lambda: all(member.is_ready() for member in self.members), START_S)
        if self.security:
            self.security.admit_user(self.direct)
            self.await_that(lambda: lets_in(self.cluster))

    def stop(self) -> None:
        for member in self.members:
            member.terminate()
        for member in self.members:
            member.stop()

    @property
    def controller(self) -> Member | None:
        """The one that leads the others; nobody while they choose one."""
        _, leader = max(member.quorum for member in self.members)
        return self.members[leader - 1] if leader > 0 else None

    def are_in_sync(self) -> bool:
        """Whether each broker answers and has everything."""
        if not all(member.is_ready() for member in self.members):
            return False  # the others may not have noticed yet
        try:
            there = AdminClient({**self.direct.confluent(), "log_level": 0}).list_topics(timeout=5)
        except KafkaException:
            return False
        partitions = [each for topic in there.topics.values() for each in topic.partitions.values()]
        return len(there.brokers) == BROKERS and all(len(each.isrs) == BROKERS for each in partitions)

    def await_that(self, true: Callable[[], Found], patience_s: float = IN_SYNC_S) -> None:
        end = time.monotonic() + patience_s
        while not true():
            for member in self.members:
                assert member.is_running and time.monotonic() < end, last_lines(member.log)
            time.sleep(LOOK_S)


@contextmanager
def three_brokers(folder: Path, security: Security | None = None) -> Iterator[Brokers]:
    skip_without_kafka()
    with ExitStack() as stack:
        proxies = [Proxy() for _ in range(BROKERS)]
        for proxy in proxies:
            proxy.start()
            stack.callback(proxy.stop)
        brokers = Brokers(folder, proxies, security)
        stack.callback(brokers.stop)
        brokers.start()
        yield brokers
