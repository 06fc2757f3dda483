"""What one, two and three desks fill in a second, when more comes than they can do.

All else of the instance, and what sends, is on the same machine: on few cores the desks soon wait for those.
"""

import time
from pathlib import Path

from tests.bench.bench_signals import ACCOUNTS, FOLLOWERS, SOON, SOURCES, Feed
from tests.bench.instance import accounts, an_instance, load, open_accounts
from tests.bench.run import Row
from tests.processes import cpu_s

DESKS = (1, 2, 3)
RATE = 1_500
"""Signals a second that are sent: more than can be filled."""
WARM_S = 10.0


def desks(seconds: float, work: Path) -> list[Row]:
    return [_row(count, seconds, work / f"desks-{count}") for count in DESKS]


def _row(count: int, seconds: float, work: Path) -> Row:
    with an_instance(work) as instance:
        instance.start("gate")
        names = [f"desk-{number}" for number in range(count)]
        pids = [instance.start("desk", name=name) for name in names]
        producer = instance.producer(SOON)
        feed = Feed(producer, accounts(ACCOUNTS), RATE)
        feed.tick()
        follow = {name: f"source-{at % SOURCES}" for at, name in enumerate(feed.names)}
        open_accounts(instance.cluster, producer, follow)
        watch = instance.watch()
        feed.begun = time.monotonic()
        feed.run(WARM_S)
        began, before, used = time.monotonic(), watch.count("fills"), list(map(cpu_s, pids))
        feed.run(seconds)
        filled, took = watch.count("fills") - before, time.monotonic() - began
        waiting = feed.sent * FOLLOWERS - watch.count("fills")
        cores = [(now - then) / took for now, then in zip(map(cpu_s, pids), used, strict=True)]
        watch.close()
    shared = ", ".join(f"{each:.2f}" for each in cores)
    detail = f"cores of the desks: {shared}; {waiting:,} fills to come; {load()}"
    return Row(
        f"{count} desk{'s' * (count > 1)}, more signals than they can do",
        filled / took,
        "fills/s",
        detail=detail,
    )
