"""The embedded Kafka: it keeps what it was told, comes back after every end, and belongs to who started it."""

import os
import signal
import subprocess
import sys

import pytest
from confluent_kafka import Consumer, Producer, TopicPartition

from streams.local.kafka.kafka import Kafka
from streams.local.machine.ports import free_ports
from streams.local.parts.child import command_line
from streams.transport.kafka.cluster import ClusterError
from tests.broker import make_topics, running_kafka, skip_without_kafka

OWNER = """
import sys, time
from pathlib import Path
from streams.local.kafka.kafka import Kafka
kafka = Kafka(Path(sys.argv[1]))
kafka.spawn()
print(kafka.pid, flush=True)
time.sleep(600)
"""
PLENTY_S = 20


def publish(cluster, topic, value):
    producer = Producer(cluster.confluent() | {"log_level": 0})
    producer.produce(topic, value)
    assert producer.flush(PLENTY_S) == 0


def values(cluster, topic, count):
    settings = {"group.id": "reader", "enable.auto.commit": False, "log_level": 0}
    consumer = Consumer(cluster.confluent() | settings)
    try:
        consumer.assign([TopicPartition(topic, 0, 0)])
        return [message.value() for message in consumer.consume(count, timeout=PLENTY_S)]
    finally:
        consumer.close()


@pytest.mark.long
def test_what_was_published_outlives_a_stop_and_a_kill(tmp_path):
    with running_kafka(tmp_path) as kafka:
        address = kafka.cluster
        name = make_topics(address, {"said": 1})["said"]
        publish(address, name, b"one")
        kafka.kill()
        assert kafka.start() == address
        publish(address, name, b"two")
        kafka.stop()
    with running_kafka(tmp_path) as again:
        assert again.cluster == address, "the port is kept"
        assert values(address, name, 2) == [b"one", b"two"]
        assert again.pid is not None
        os.kill(again.pid, signal.SIGSTOP)
        again.stop(patience_s=0.1)
        assert again.exit_code() == -signal.SIGKILL, "who hangs is not waited for"


@pytest.mark.live
def test_clients_are_told_another_port_where_something_stands_in_between(tmp_path):
    (between,) = free_ports(1)
    with running_kafka(tmp_path, advertised_port=between) as kafka:
        assert kafka.cluster.bootstrap == f"127.0.0.1:{between}"
        assert kafka.port != between
        assert f"CLIENTS://127.0.0.1:{between}" in (tmp_path / "server.properties").read_text()


def test_large_messages_are_taken(cluster, topics):
    name = topics({"large": 1}, max_message_bytes=str(16 * 1024 * 1024))["large"]
    producer = Producer(cluster.confluent() | {"message.max.bytes": 16_000_000})
    producer.produce(name, b"x" * 12_000_000)
    assert producer.flush(PLENTY_S) == 0


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends a child when its parent dies")
def test_it_does_not_outlive_who_started_it(tmp_path):
    skip_without_kafka()
    with subprocess.Popen([sys.executable, "-c", OWNER, str(tmp_path)], stdout=subprocess.PIPE) as owner:
        assert owner.stdout is not None
        pid = int(owner.stdout.readline())
        owner.kill()
        owner.wait()
        while str(tmp_path) in command_line(pid):
            pass


def test_a_port_that_is_taken(tmp_path, kafka):
    with pytest.raises(ClusterError, match=rf"port {kafka.port} of 127\.0\.0\.1 is taken"):
        Kafka(tmp_path, port=kafka.port).start()


def test_a_kafka_that_cannot_start_says_its_last_words(tmp_path):
    skip_without_kafka()
    with pytest.raises(ClusterError, match=r"(?s)Kafka cannot prepare .*kafka\.log:.*Invalid maximum heap"):
        Kafka(tmp_path, heap="1k!").start()
