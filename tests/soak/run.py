"""An hour under load, a part killed every five minutes: nothing may grow, lag behind, or differ.

    python -m tests.soak.run [--minutes 60] [--ticks 10000] [--signals 10] [--kill-every 5]

Prints a line a minute, and in the end what held and what did not; exits with 1 if anything did not.
"""

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from confluent_kafka import Consumer, Producer, TopicPartition

from schemas.codec import encode
from schemas.columns import Columns
from schemas.market.tick_writer import write_ticks
from schemas.messages import Signal
from streams.local.kafka import topics
from streams.local.kafka.kafka import Kafka
from streams.transport.shard.reports import WorkerReport, decode_report
from tests.processes import memory_of

SYMBOLS = [f"S{number:02}" for number in range(20)]
ACCOUNTS = 16
STEP = 0.05
MAY_GROW = 1.25
PARTS = ("gate", "desk")


def microseconds() -> int:
    return time.time_ns() // 1000


@dataclass
class Load:
    """Ticks and signals of now."""

    producer: Producer
    ticks: int
    signals: int
    chance: np.random.Generator = field(default_factory=lambda: np.random.default_rng(1))
    price: int = 100 * 10**8
    sent_ticks: float = 0
    sent_signals: float = 0

    def open_accounts(self) -> None:
        for number in range(ACCOUNTS):
            keys = {
                "preset": "auto-trader",
                "balance": "1000000",
                "follow": [f"source-{number}"],
                "max_signals_per_hour": None,
                "time_limit": "2m",
            }
            command = {
                "command_id": f"open-{number}", "account": f"soak-{number}", "kind": "create",
                "ts": microseconds(), "settings": json.dumps(keys),
            }  # fmt: skip
            self.producer.produce("commands", json.dumps(command).encode(), key=f"soak-{number}")
        self.producer.flush()

    def go_on(self, seconds: float) -> None:
        """What is due since the start."""
        self._send_ticks(int(seconds * self.ticks - self.sent_ticks))
        while self.sent_signals < seconds * self.signals:
            self._send_signal(int(self.sent_signals))
            self.sent_signals += 1
        self.producer.poll(0)

    def _send_ticks(self, count: int) -> None:
        if count <= 0:
            return
        steps = self.chance.integers(-2, 3, count).cumsum() * 10**5
        price = np.clip(self.price + steps, 50 * 10**8, 200 * 10**8)
        self.price = int(price[-1])
        times = np.full(count, microseconds())
        symbol = self.chance.integers(0, len(SYMBOLS), count).astype(np.int32)
        columns = Columns(SYMBOLS, symbol, times, price, np.full(count, 10**9), price - 10**6, price + 10**6)
        for key, value in zip(*write_ticks(columns), strict=True):
            self.producer.produce("ticks", value, key=key, partition=0)
        self.sent_ticks += count

    def _send_signal(self, number: int) -> None:
        made = Signal(
            signal_id=f"soak-{number}", source=f"source-{number % ACCOUNTS}",
            symbol=SYMBOLS[number % len(SYMBOLS)], side="long" if number % 3 else "flat",
            ts=microseconds(), confidence=0.9,
        )  # fmt: skip
        self.producer.produce("signals", encode(made), key=made.symbol)


class Parts:
    """The processes, started again when they end."""

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        self.folder, self.environment = folder, environment
        self.processes = {part: self._start(part) for part in PARTS}
        self.kills = 0

    def _start(self, part: str) -> "subprocess.Popen[bytes]":
        command = [sys.executable, "-m", "streams.cli", "worker", "--part", part, "--session-timeout", "3"]
        log = (self.folder / f"{part}.log").open("ab")
        return subprocess.Popen(command, env=self.environment, stderr=log)

    def look(self) -> None:
        for part, process in self.processes.items():
            if process.poll() is not None:
                self.processes[part] = self._start(part)

    def kill(self) -> None:
        """The desk, and every third time the gate."""
        part = PARTS[0] if self.kills % 3 == 2 else PARTS[1]
        os.kill(self.processes[part].pid, signal.SIGKILL)
        self.kills += 1

    def megabytes(self, part: str) -> int:
        return memory_of(self.processes[part].pid) >> 20

    def stop(self) -> None:
        for process in reversed(self.processes.values()):
            process.terminate()
            process.wait(60)


def newest_report(settings: dict[str, str], pid: int) -> WorkerReport | None:
    consumer = Consumer({**settings, "group.id": "soak", "enable.auto.commit": False})
    try:
        place = TopicPartition("workers", 0)
        _, end = consumer.get_watermark_offsets(place, timeout=10)
        consumer.assign([TopicPartition("workers", 0, max(0, end - 40))])
        reports = [decode_report(message.value() or b"") for message in consumer.consume(40, timeout=2)]
        return next((report for report in reversed(reports) if report.pid == pid), None)
    finally:
        consumer.close()


def lag_of(report: WorkerReport | None) -> int:
    """Records that the last of its shards has not folded; -1: not known."""
    if report is None or not report.shards:
        return -1
    return report.market_end["ticks"] - min(shard.market.get("ticks", 0) for shard in report.shards)


def soak(options: argparse.Namespace, folder: Path) -> list[str]:
    """What did not hold."""
    kafka = Kafka(folder / "kafka", heap="1g")
    cluster = kafka.start()
    settings = cluster.confluent()
    topics.apply(cluster)
    parts = Parts(folder, {**os.environ, **cluster.environment()})
    load = Load(Producer({**settings, "linger.ms": 10}), options.ticks, options.signals)
    load.open_accounts()
    memory: dict[str, list[int]] = {part: [] for part in PARTS}
    began, minute, kills = time.monotonic(), 0, 0
    try:
        while (seconds := time.monotonic() - began) < options.minutes * 60:
            load.go_on(seconds)
            parts.look()
            if seconds > (kills + 1) * options.kill_every * 60:
                parts.kill()
                kills += 1
            if seconds > (minute + 1) * 60:
                minute += 1
                for part in PARTS:
                    memory[part].append(parts.megabytes(part))
                report = newest_report(settings, parts.processes["desk"].pid)
                sys.stdout.write(
                    f"minute {minute}: desk {memory['desk'][-1]} MB, gate {memory['gate'][-1]} MB, "
                    f"lag {lag_of(report)} records, {kills} kills\n"
                )
                sys.stdout.flush()
            time.sleep(STEP)
        load.producer.flush()
        return [*_judge(parts, settings, memory), *_verify(parts)]
    finally:
        for process in parts.processes.values():
            process.kill()
        kafka.stop()


def _judge(parts: Parts, settings: dict[str, str], memory: dict[str, list[int]]) -> list[str]:
    wrong = []
    end = time.monotonic() + 60
    while (lag := lag_of(newest_report(settings, parts.processes["desk"].pid))) != 0:
        parts.look()
        if time.monotonic() > end:
            wrong.append(f"a minute after the load the lag is {lag} records")
            break
    for part, found in memory.items():
        early = max(found[: max(1, len(found) // 3)])
        if max(found) > MAY_GROW * early:
            wrong.append(f"the {part} grew from {early} to {max(found)} MB")
    return wrong


def _verify(parts: Parts) -> list[str]:
    parts.stop()
    done = subprocess.run(
        [sys.executable, "-m", "streams.cli", "verify"], env=parts.environment, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    sys.stdout.write(done.stdout)
    return [] if done.returncode == 0 else [f"verify: {done.stdout}{done.stderr}"]


def main() -> int:
    parser = argparse.ArgumentParser(description="An hour under load.")
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--ticks", type=int, default=10_000, help="a second")
    parser.add_argument("--signals", type=int, default=10, help="a second")
    parser.add_argument("--kill-every", type=float, default=5, help="minutes")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        wrong = soak(options, Path(folder))
    sys.stdout.write("\n".join(wrong or ["memory flat, no lag left, every output and row equal"]) + "\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
