"""A broker that lets in only who proves who they are, in each way that the settings allow.

Rules of this file: its own listener stays open to the broker.
"""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
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

from schemas.codec import encode
from schemas.messages import Decision, Signal, Tick
from streams.local.kafka import topics
from streams.local.kafka.broker_settings import Ports
from streams.local.kafka.kafka import START_S, Kafka
from streams.local.machine.ports import LOOPBACK
from streams.local.parts.logs import last_lines
from streams.transport.kafka.cluster import Cluster
from tests.broker import skip_without_kafka
from tests.certificates import Certificates
from tests.live.instance import Instance, wall
from tests.live.worlds import Wanted, create

USER, PASSWORD = "trader", "a secret"
PLAIN_LOGIN = "org.apache.kafka.common.security.plain.PlainLoginModule"
SCRAM_LOGIN = "org.apache.kafka.common.security.scram.ScramLoginModule"
SCRAM = {"SCRAM-SHA-256": ScramMechanism.SCRAM_SHA_256, "SCRAM-SHA-512": ScramMechanism.SCRAM_SHA_512}


@dataclass(frozen=True)
class Security:
    """How clients prove who they are."""

    protocol: str
    mechanism: str | None
    """None: by a certificate."""
    certificates: Certificates

    def cluster(self, bootstrap: str) -> Cluster:
        file = self.certificates.file
        proof: dict[str, Any] = {"ca_file": file("ca.pem")} if self.protocol.endswith("SSL") else {}
        if self.mechanism:
            proof |= {"mechanism": self.mechanism, "username": USER, "password": PASSWORD}
        else:
            proof |= {"certificate": file("client.pem"), "key": file("client.key")}
        return Cluster(bootstrap, self.protocol, **proof)

    def settings(self, usual: dict[str, str]) -> dict[str, str]:
        """With those of the listener for clients."""
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

    def admit_user(self, open_: Cluster) -> None:
        """SCRAM keeps its users in the cluster; `open_` is reached without a proof."""
        if self.mechanism in SCRAM:
            info = ScramCredentialInfo(SCRAM[self.mechanism], 4096)
            user = UserScramCredentialUpsertion(USER, info, PASSWORD.encode())
            client = AdminClient({**open_.confluent(), "log_level": 0})
            with suppress(KafkaException):
                for done in client.alter_user_scram_credentials([user], request_timeout=2).values():
                    done.result()


class Secured(Kafka):
    """Clients come in by one protocol."""

    def __init__(self, folder: Path, security: Security) -> None:
        super().__init__(folder)
        self.security = security
        self.open = Cluster("")
        """Its own listener."""

    @property
    def cluster(self) -> Cluster:
        return self.security.cluster(f"{LOOPBACK}:{self.port}")

    def is_ready(self) -> bool:
        return lets_in(self.cluster)

    def settings(self, ports: Ports) -> dict[str, str]:
        self.open = Cluster(f"{LOOPBACK}:{ports.broker}")
        return self.security.settings(super().settings(ports))


def lets_in(cluster: Cluster) -> bool:
    try:
        return bool(AdminClient({**cluster.confluent(), "log_level": 0}).list_topics(timeout=2).brokers)
    except KafkaException:
        return False


def fills_of_a_signal(folder: Path, cluster: Cluster) -> int:
    """An account is opened, a signal is sent, a tick comes."""
    topics.apply(cluster)
    instance = Instance(folder, cluster)
    try:
        _, desk = instance.run()
        create(instance, [Wanted("ghost", {"balance": 100_000, "size": {"fixed_notional": 1000}})], wall())
        instance.await_drained(desk)
        signal = Signal(signal_id="s1", source="s", symbol="X", side="long", ts=wall())
        instance.send("signals", b"X", encode(signal))
        instance.flush()
        instance.await_drained(desk)
        instance.send("ticks", b"X", encode(Tick(symbol="X", ts=wall(), price=10**10)), partition=0)
        instance.flush()
        desk.until(lambda: bool(_decided(instance)), "does not decide")
        assert [each.decision for each in _decided(instance)] == ["accepted"], _decided(instance)
        desk.until(lambda: bool(instance.read("fills")), "does not fill")
        return len(instance.read("fills"))
    finally:
        instance.close()


def _decided(instance: Instance) -> list[Decision]:
    found = instance.messages("decisions")
    return [each for each in found if isinstance(each, Decision) and each.signal_id]


def doctor_of(cluster: Cluster) -> str:
    """What it finds wrong."""
    command = [sys.executable, "-m", "streams.cli", "doctor"]
    environment = {**os.environ, **cluster.environment()}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode != 0
    return done.stdout + done.stderr


def _plain_login() -> str:
    return f'{PLAIN_LOGIN} required user_{USER}="{PASSWORD}";'


def certificates_in(folder: Path) -> Certificates:
    skip_without_kafka()
    if shutil.which("openssl") is None:
        pytest.skip("openssl, which makes the certificates, is not installed")
    folder.mkdir(parents=True, exist_ok=True)
    return Certificates(folder)


@contextmanager
def secured_kafka(folder: Path, protocol: str, mechanism: str | None) -> Iterator[Secured]:
    security = Security(protocol, mechanism, certificates_in(folder))
    broker = Secured(folder / "kafka", security)
    try:
        broker.spawn()
        end = time.monotonic() + START_S
        while not broker.is_ready():
            assert broker.is_running and time.monotonic() < end, last_lines(broker.log)
            security.admit_user(broker.open)
        yield broker
    finally:
        broker.stop()
