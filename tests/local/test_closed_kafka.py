"""The embedded Kafka with a password: nobody else comes in, by whichever port, and no command line tells it."""

import re
import socket
import stat
import threading
from pathlib import Path

import pytest
from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from streams.local.kafka.kafka import Kafka
from streams.local.machine.ports import LOOPBACK
from streams.transport.kafka.cluster import Cluster
from tests.broker import make_topics, skip_without_kafka
from tests.local.test_kafka import publish, values

PASSWORD = "p" * 43
DESCRIBE_QUORUM = bytes.fromhex("0037 0000 00000002 ffff 00 02 13") + b"__cluster_metadata"
DESCRIBE_QUORUM += bytes.fromhex("02 00000000 00 00 00")
"""A request that brokers and controllers answer to whom they know."""


def answer(port):
    """What begins the answer; nothing where the connection is closed instead."""
    with socket.create_connection((LOOPBACK, port), 10) as connection:
        connection.sendall(len(DESCRIBE_QUORUM).to_bytes(4, "big") + DESCRIBE_QUORUM)
        try:
            return connection.recv(4)
        except ConnectionResetError:
            return b""


class CommandLines(threading.Thread):
    """All that are to be seen on this machine while it looks."""

    def __init__(self):
        super().__init__()
        self.seen = set()
        self.done = threading.Event()

    def run(self):
        while not self.done.wait(0.01):
            for file in Path("/proc").glob("[0-9]*/cmdline"):
                try:
                    self.seen.add(file.read_bytes())
                except OSError:
                    continue

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.done.set()
        self.join()


@pytest.fixture
def kafka(tmp_path):
    skip_without_kafka()
    kafka = Kafka(tmp_path)
    yield kafka
    kafka.stop()


@pytest.mark.live
def test_a_folder_is_closed_and_opened_again_by_a_start(kafka):
    open_one = kafka.start()
    name = make_topics(open_one, {"said": 1})["said"]
    publish(open_one, name, b"one")
    assert all(map(answer, kafka._ports)), "an open one answers everybody"
    kafka.stop()

    kafka.password = PASSWORD
    with CommandLines() as lines:
        closed = kafka.start()
    publish(closed, name, b"two")
    assert values(closed, name, 2) == [b"one", b"two"]
    assert [answer(port) for port in kafka._ports] == [b"", b"", b""]
    for wrong in ("", "q" * 43):
        known = Cluster(closed.bootstrap, closed.protocol, closed.mechanism, closed.username, wrong or None)
        client = AdminClient({**(known if wrong else open_one).confluent(), "log_level": 0})
        with pytest.raises(KafkaException):
            client.list_topics(timeout=2)
    settings = kafka.folder / "server.properties"
    assert stat.S_IMODE(settings.stat().st_mode) == 0o600
    (own,) = set(re.findall(r'password="([^"]+)"', settings.read_text()))
    said = b"\n".join(lines.seen)
    assert b"kafka.Kafka" in said
    assert own.encode() not in said and PASSWORD.encode() not in said
    kafka.kill()
    kafka.start()
    assert own not in settings.read_text(), "what it says to itself is new at each start"
    kafka.stop()

    kafka.password = ""
    assert values(kafka.start(), name, 2) == [b"one", b"two"]
