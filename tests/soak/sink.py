"""An hour of rows into ClickHouse: memory stays, nothing lags, and in the end everything is there once.

    python -m tests.soak.sink [--minutes 60] [--rows 1000] [--ticks 20000]

Prints a line a minute, and in the end what held and what did not; exits with 1 if anything did not.
"""

import argparse
import sys
import tempfile
import time
from pathlib import Path

from streams.local.kafka import topics
from streams.local.kafka.kafka import Kafka
from tests.sinks.loads import TICKS_A_BATCH, Load, differences
from tests.sinks.stage import Process, Stage

TABLES = ("fills", "orders", "equity", "decisions")
MAY_GROW = 1.25
LAG_S = 5.0
SETTLED = 0.25
"""The part of the time after which memory may not grow any more."""


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--rows", type=int, default=1_000, help="a second, of results")
    parser.add_argument("--ticks", type=int, default=20_000, help="a second")
    told = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="ghostfill-soak-") as folder:
        kafka = Kafka(Path(folder) / "kafka")
        cluster = kafka.start()
        topics.apply(cluster, ())
        stage = Stage(Path(folder) / "stage", cluster)
        try:
            stage.start()
            failures = soak(stage, Load(cluster), told.minutes, told.rows, told.ticks)
        finally:
            stage.drop()
            kafka.stop()
    print("held" if not failures else "did not hold: " + "; ".join(failures))
    sys.exit(bool(failures))


def soak(stage: Stage, load: Load, minutes: float, rows: int, ticks: int) -> list[str]:
    began, second = time.monotonic(), 0
    memory: dict[str, list[int]] = {"sink": [], "server": []}
    failures: list[str] = []
    while second < 60 * minutes:
        for table in TABLES:
            share = rows // len(TABLES)
            load.publish(table, range(second * share, (second + 1) * share))
        share = ticks // TICKS_A_BATCH
        load.publish_batches(range(second * share, (second + 1) * share))
        second += 1
        if second % 60 == 0:
            lag = _lag(stage, load)
            for part in (stage.sink, stage.server):
                memory[part.name].append(resident(part))
            told = ", ".join(f"{name} {sizes[-1] >> 20} MB" for name, sizes in memory.items())
            print(
                f"{second // 60:3} min: {sum(load.rows.values()):,} rows, lag {lag:.1f} s, {told}", flush=True
            )
            if lag > LAG_S:
                failures.append(f"minute {second // 60}: lag {lag:.1f} s")
        time.sleep(max(0.0, began + second - time.monotonic()))
    load.flush()
    stage.sink.until(lambda: not differences(load, stage.ask), patience=120)
    return failures + [
        f"{name} grew from {sizes[int(len(sizes) * SETTLED)] >> 20} to {sizes[-1] >> 20} MB"
        for name, sizes in memory.items()
        if sizes and sizes[-1] > MAY_GROW * sizes[int(len(sizes) * SETTLED)]
    ]


def _lag(stage: Stage, load: Load) -> float:
    """How long until what was published by now is there."""
    load.flush()
    wanted, began = load.rows["fills"], time.monotonic()
    stage.sink.until(lambda: stage.one("SELECT count() FROM fills") >= wanted)
    return time.monotonic() - began


def resident(part: Process) -> int:
    """Bytes of memory."""
    assert part.process is not None
    for line in Path(f"/proc/{part.process.pid}/status").read_text("ascii").splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1]) * 1024
    raise ValueError("no VmRSS")


if __name__ == "__main__":
    main()
