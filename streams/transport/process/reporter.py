"""Tells of the worker from a thread of its own: a long step of the fold is no sign of death.

Rules of this file: what it tells may be a step old; that it tells is what says that the process lives.
"""

import threading

import msgspec
from confluent_kafka import Producer

from streams.transport.kafka.cluster import Cluster
from streams.transport.shard.reports import WorkerReport, encode_report
from streams.transport.shard.setup import wall_time

REPORT_SECONDS = 0.15
LAST_SECONDS = 2.0


class Reporter:
    """Sends the newest report again and again."""

    def __init__(self, cluster: Cluster, topic: str) -> None:
        self.newest: WorkerReport | None = None
        self._topic = topic
        self._producer = Producer({**cluster.confluent(), "linger.ms": 0, "log_level": 0})
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="reports", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Send what was said last, and end."""
        self._stopping.set()
        self._thread.join()
        self._send()
        self._producer.flush(LAST_SECONDS)

    def _run(self) -> None:
        while not self._stopping.wait(REPORT_SECONDS):
            self._send()
            self._producer.poll(0)

    def _send(self) -> None:
        report = self.newest
        if report is not None:
            value = encode_report(msgspec.structs.replace(report, ts=wall_time()))
            self._producer.produce(self._topic, value, key=report.worker, partition=0)
