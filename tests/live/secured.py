"""A broker that lets in only who proves who they are, in each way that the settings allow.

Rules of this file: its own listener stays open to the broker.
"""

import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import KafkaException
from confluent_kafka.admin import (
    AdminClient,
    ScramCredentialInfo,
    ScramMechanism,
    UserScramCredentialUpsertion,
)

from streams.local.kafka.broker_settings import Ports
from streams.local.kafka.kafka import START_S, Kafka
from streams.local.machine.ports import LOOPBACK
from streams.local.parts.logs import last_lines
from streams.transport.kafka.cluster import Cluster
from tests.broker import skip_without_kafka
from tests.certificates import Certificates

USER, PASSWORD = "trader", "a secret"
PLAIN_LOGIN = "org.apache.kafka.common.security.plain.PlainLoginModule"
SCRAM_LOGIN = "org.apache.kafka.common.security.scram.ScramLoginModule"
SCRAM = {"SCRAM-SHA-256": ScramMechanism.SCRAM_SHA_256, "SCRAM-SHA-512": ScramMechanism.SCRAM_SHA_512}


class Secured(Kafka):
    """Clients come in by one protocol."""

    def __init__(
        self, folder: Path, protocol: str, mechanism: str | None, certificates: Certificates
    ) -> None:
        super().__init__(folder)
        self.protocol, self.mechanism, self.certificates = protocol, mechanism, certificates
        self.broker_port = 0

    @property
    def cluster(self) -> Cluster:
        file = self.certificates.file
        proof: dict[str, Any] = {"ca_file": file("ca.pem")} if self.protocol.endswith("SSL") else {}
        if self.mechanism:
            proof |= {"mechanism": self.mechanism, "username": USER, "password": PASSWORD}
        else:
            proof |= {"certificate": file("client.pem"), "key": file("client.key")}
        return Cluster(f"{LOOPBACK}:{self.port}", self.protocol, **proof)

    def is_ready(self) -> bool:
        try:
            return bool(
                AdminClient({**self.cluster.confluent(), "log_level": 0}).list_topics(timeout=2).brokers
            )
        except KafkaException:
            return False

    def settings(self, ports: Ports) -> dict[str, str]:
        """Of its listener for clients."""
        self.broker_port = ports.broker
        usual = super().settings(ports)
        mine = "listener.name.clients."
        store = {
            "ssl.keystore.type": "PEM",
            "ssl.keystore.location": self.certificates.file("store.pem"),
            "ssl.truststore.type": "PEM",
            "ssl.truststore.location": self.certificates.file("ca.pem"),
            "ssl.client.auth": "none" if self.mechanism else "required",
        }
        found = {
            **usual,
            "listener.security.protocol.map": usual["listener.security.protocol.map"].replace(
                "CLIENTS:PLAINTEXT", f"CLIENTS:{self.protocol}"
            ),
            **{mine + name: value for name, value in store.items() if self.protocol.endswith("SSL")},
        }
        if self.mechanism:
            found[mine + "sasl.enabled.mechanisms"] = self.mechanism
            login = f"{SCRAM_LOGIN} required;" if self.mechanism in SCRAM else _plain_login()
            found[f"{mine}{self.mechanism.lower()}.sasl.jaas.config"] = login
        return found

    def admit_user(self) -> None:
        """SCRAM keeps its users in the cluster."""
        if self.mechanism in SCRAM:
            info = ScramCredentialInfo(SCRAM[self.mechanism], 4096)
            user = UserScramCredentialUpsertion(USER, info, PASSWORD.encode())
            client = AdminClient({"bootstrap.servers": f"{LOOPBACK}:{self.broker_port}", "log_level": 0})
            with suppress(KafkaException):
                for done in client.alter_user_scram_credentials([user], request_timeout=2).values():
                    done.result()


def _plain_login() -> str:
    return f'{PLAIN_LOGIN} required user_{USER}="{PASSWORD}";'


@contextmanager
def secured_kafka(folder: Path, protocol: str, mechanism: str | None) -> Iterator[Secured]:
    skip_without_kafka()
    if shutil.which("openssl") is None:
        pytest.skip("openssl, which makes the certificates, is not installed")
    broker = Secured(folder / "kafka", protocol, mechanism, Certificates(folder))
    try:
        broker.spawn()
        end = time.monotonic() + START_S
        while not broker.is_ready():
            assert broker.is_running and time.monotonic() < end, last_lines(broker.log)
            broker.admit_user()
        yield broker
    finally:
        broker.stop()
