"""What the embedded Kafka is told: one node that is broker and controller, on loopback, for one machine.

Rules of this file: whoever must reach the broker itself (the controller, its own transactions) does not go
through the address that clients are told, which may be a proxy's. A closed broker is closed on all three.
"""

from pathlib import Path
from typing import NamedTuple

from streams.local.machine.kafka_login import MECHANISM
from streams.local.machine.ports import LOOPBACK

NODE = 1
MESSAGE_BYTES = 16 * 1024 * 1024
TEN_YEARS_MIN = 10 * 365 * 24 * 60
LISTENERS = ("CLIENTS", "BROKER", "CONTROLLER")
SCRAM_LOGIN = "org.apache.kafka.common.security.scram.ScramLoginModule required"
PLAIN_LOGIN = "org.apache.kafka.common.security.plain.PlainLoginModule required"
ITSELF = "broker"
"""As whom a closed broker logs in to itself, and we to let clients in."""


class Ports(NamedTuple):
    """Where one broker listens."""

    clients: int
    broker: int
    controller: int


def broker_settings(data: Path, ports: Ports, advertised: int, own_secret: str = "") -> dict[str, str]:
    """`own_secret`: closes the broker; the password of `ITSELF`."""
    return {
        **_addresses(data, ports, advertised),
        **_logins(own_secret),
        **_one_node(),
        "message.max.bytes": str(MESSAGE_BYTES),
        "replica.fetch.max.bytes": str(MESSAGE_BYTES),
        "auto.create.topics.enable": "false",
        "group.initial.rebalance.delay.ms": "0",
        "group.min.session.timeout.ms": "1000",
        # After `kill -9` the broker may only come back when its old session is over.
        "broker.session.timeout.ms": "3000",
        "broker.heartbeat.interval.ms": "500",
        "offsets.retention.minutes": str(TEN_YEARS_MIN),
        "log.cleaner.dedupe.buffer.size": str(32 * 1024 * 1024),
    }


def _addresses(data: Path, ports: Ports, advertised: int) -> dict[str, str]:
    return {
        "process.roles": "broker,controller",
        "node.id": str(NODE),
        "controller.quorum.voters": f"{NODE}@{LOOPBACK}:{ports.controller}",
        "controller.listener.names": "CONTROLLER",
        "inter.broker.listener.name": "BROKER",
        "listeners": f"CLIENTS://{LOOPBACK}:{ports.clients},BROKER://{LOOPBACK}:{ports.broker},"
        f"CONTROLLER://{LOOPBACK}:{ports.controller}",
        "advertised.listeners": f"CLIENTS://{LOOPBACK}:{advertised},BROKER://{LOOPBACK}:{ports.broker}",
        "log.dirs": str(data),
    }


def _logins(own_secret: str) -> dict[str, str]:
    """Who may come in where."""
    protocol = "SASL_PLAINTEXT" if own_secret else "PLAINTEXT"
    protocols = {"listener.security.protocol.map": ",".join(f"{name}:{protocol}" for name in LISTENERS)}
    if not own_secret:
        return protocols
    own = f'{PLAIN_LOGIN} username="{ITSELF}" password="{own_secret}" user_{ITSELF}="{own_secret}";'
    return {
        **protocols,
        "listener.name.clients.sasl.enabled.mechanisms": MECHANISM,
        f"listener.name.clients.{MECHANISM.lower()}.sasl.jaas.config": f"{SCRAM_LOGIN};",
        "sasl.mechanism.inter.broker.protocol": "PLAIN",
        "listener.name.broker.sasl.enabled.mechanisms": "PLAIN",
        "listener.name.broker.plain.sasl.jaas.config": own,
        "sasl.mechanism.controller.protocol": "PLAIN",
        "listener.name.controller.sasl.enabled.mechanisms": "PLAIN",
        "listener.name.controller.plain.sasl.jaas.config": own,
    }


def _one_node() -> dict[str, str]:
    """Kafka's own topics: one copy, few partitions."""
    return {
        "default.replication.factor": "1",
        "min.insync.replicas": "1",
        "offsets.topic.replication.factor": "1",
        "offsets.topic.num.partitions": "4",
        "transaction.state.log.replication.factor": "1",
        "transaction.state.log.min.isr": "1",
        "transaction.state.log.num.partitions": "4",
        "share.coordinator.state.topic.replication.factor": "1",
        "share.coordinator.state.topic.min.isr": "1",
        "share.coordinator.state.topic.num.partitions": "1",
    }
