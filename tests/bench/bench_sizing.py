"""What an instance costs: for each account, each million ticks, each thousand fills; by part, on disk, on the wire.

    python -m tests.bench.bench_sizing          # four minutes; nothing else may use the network of this machine

Costs are differences: of what was used before something came and after, less what all parts use while nothing does.
"""

import os
import time
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from schemas.codec import encode
from schemas.messages import Side, Signal
from streams.local.machine.home import find_database
from streams.local.machine.ports import free_ports
from tests.bench.bench_accounts import PARTS, SETTLE_S, Whole, running
from tests.bench.bench_ticks import tick
from tests.bench.instance import Watch, load, now, open_accounts, until
from tests.processes import cpu_s, memory_of

ACCOUNTS = 1_000
FOLLOWERS = 20
SYMBOLS = [f"S{number:03}" for number in range(100)]
IDLE_S = 20.0
TICKS, TICKS_S = 120_000, 2_000
SIGNALS, SIGNALS_S = 600, 10
LOOPBACK = "lo"


@dataclass(frozen=True)
class Used:
    """By an instance, up to a moment."""

    at: float
    cpu: Mapping[str, float]
    """Seconds of a core, by part."""
    memory: Mapping[str, int]
    kafka: int
    """Bytes on disk."""
    clickhouse: int
    wire: int
    """Bytes that went over the machine's own network, each counted once."""


def used(whole: Whole) -> Used:
    asked = "SELECT sum(bytes_on_disk) FROM system.parts WHERE active AND database = 'ghostfill'"
    with closing(find_database(whole.environment).client()) as client:
        ((stored,),) = client.query(asked).result_rows
    logs = (whole.home / "kafka" / "data").rglob("*.log")
    return Used(
        time.monotonic(),
        {part: cpu_s(whole.pid(part)) for part in PARTS},
        {part: memory_of(whole.pid(part)) for part in PARTS},
        sum(path.stat().st_size for path in logs),
        int(stored),
        int(Path(f"/sys/class/net/{LOOPBACK}/statistics/tx_bytes").read_text("ascii")),
    )


def costs(
    before: Used, after: Used, idle: Mapping[str, float], count: int, unit: int, what: str
) -> Iterator[str]:
    """`unit`: of so many it is told, in words `what`."""
    each = unit / count
    seconds = after.at - before.at
    cpu = {part: (after.cpu[part] - before.cpu[part] - idle[part] * seconds) * each for part in PARTS}
    yield f"\n{what}"
    yield f"  processor     {sum(cpu.values()):10.1f} s    {_by_part(cpu, '.1f')}"
    yield f"  Kafka's disk  {(after.kafka - before.kafka) * each / 1e6:10.1f} MB   one copy"
    yield f"  ClickHouse    {(after.clickhouse - before.clickhouse) * each / 1e6:10.1f} MB"
    yield f"  the wire      {(after.wire - before.wire) * each / 1e6:10.1f} MB"
    yield f"  memory then   {_memory(after)}"


def _by_part(found: Mapping[str, float], form: str) -> str:
    return ", ".join(f"{part} {each:{form}}" for part, each in found.items())


def measure(work: Path) -> Iterator[str]:
    (port,) = free_ports(1)
    with running(work / "home", port) as whole:
        tick(whole.producer, SYMBOLS[0])
        whole.producer.flush()
        time.sleep(SETTLE_S)
        new = used(whole)
        yield f"an instance without accounts, memory: {_memory(new)}"
        open_accounts(whole.cluster, whole.producer, _accounts())
        time.sleep(SETTLE_S)
        opened = used(whole)
        yield from costs(new, opened, dict.fromkeys(PARTS, 0.0), ACCOUNTS, 1_000, "1,000 accounts, opened")
        idle = _idle(whole)
        yield f"\nwhile nothing comes: {sum(idle.values()):.2f} of a core ({_by_part(idle, '.3f')})"
        yield from costs(
            *_ticks(whole), idle, TICKS, 1_000_000, "1,000,000 ticks of 100 symbols, 2,000 a second"
        )
        before, after, fills = _fills(whole)
        yield from costs(
            before, after, idle, fills, 1_000, "1,000 fills with all that belongs to them, 200 a second"
        )
        yield f"\nload {os.getloadavg()[0]:.1f}; {load()}"


def _memory(found: Used) -> str:
    megabytes = {part: size / 1e6 for part, size in found.memory.items()}
    return f"{sum(megabytes.values()):6.0f} MB   {_by_part(megabytes, '.0f')}"


def _accounts() -> dict[str, str]:
    """Most follow somebody who says nothing."""
    return {f"a{number:05}": "busy" if number < FOLLOWERS else "nobody" for number in range(ACCOUNTS)}


def _idle(whole: Whole) -> dict[str, float]:
    """Cores of each part."""
    before = {part: cpu_s(whole.pid(part)) for part in PARTS}
    time.sleep(IDLE_S)
    return {part: (cpu_s(whole.pid(part)) - before[part]) / IDLE_S for part in PARTS}


def _ticks(whole: Whole) -> tuple[Used, Used]:
    before, began = used(whole), time.monotonic()
    for number in range(TICKS):
        tick(whole.producer, SYMBOLS[number % len(SYMBOLS)])
        if number % 20 == 0:
            whole.producer.poll(0)
            time.sleep(max(0.0, began + number / TICKS_S - time.monotonic()))
    whole.producer.flush()
    time.sleep(5)
    return before, used(whole)


def _fills(whole: Whole) -> tuple[Used, Used, int]:
    """Of signals that are followed by several accounts."""
    with closing(Watch(whole.cluster)) as watch:
        before, fills, began = used(whole), watch.count("fills"), time.monotonic()
        for number in range(SIGNALS):
            symbol = SYMBOLS[number // 2 % len(SYMBOLS)]
            side: Side = "flat" if number % 2 else "long"
            whole.producer.produce(
                "signals", encode(Signal(f"s{number}", "busy", symbol, side, now())), key=symbol
            )
            whole.producer.flush()
            time.sleep(max(0.0, began + (number + 1) / SIGNALS_S - time.monotonic()))
            tick(whole.producer, symbol)  # behind the signal's entry, or it would wait for the next
            whole.producer.flush()
        until(lambda: watch.count("fills") - fills >= SIGNALS * FOLLOWERS * 0.9)
        time.sleep(5)
        return before, used(whole), watch.count("fills") - fills


if __name__ == "__main__":
    with TemporaryDirectory() as folder:
        for line in measure(Path(folder)):
            print(line, flush=True)
