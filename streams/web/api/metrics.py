"""What Prometheus is told.

Rules of this file: names follow Prometheus' conventions. Only `ghostfill_account_…` has a series for each
account. What is not known has no sample.
"""

import os
import socket
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from streams.clients.shards import ShardHealth
from streams.clients.workers import is_alive
from streams.engine.model.units import ONE, SECOND
from streams.local.machine.home import WEB, Home
from streams.local.machine.usage import ProcessUsage, disks, processes
from streams.web.instance import Instance
from streams.web.state.account_now import Standing

Rows = Iterable[tuple[tuple[str, ...], float]]
"""Values of labels, and the value."""
PARTS = ("kafka", "desk", "gate", "clickhouse", "sink", "web")


class Metrics(Collector):
    """What there is to measure, at one moment."""

    def __init__(self, here: Instance) -> None:
        self._here = here

    def collect(self) -> Iterator[Metric]:
        yield from self._accounts()
        yield from self._flow()
        yield from self._parts()
        yield from self._groups()
        yield from self._shards()
        yield from self._dead_letters()
        yield from _processes(self._processes())
        yield from _disks()

    def _accounts(self) -> Iterator[Metric]:
        live = self._here.live
        figures = {
            name: GaugeMetricFamily(f"ghostfill_account_{name}", text, labels=["account"])
            for name, text in {
                "equity": "Equity at the newest prices.",
                "day_pnl": "Equity since the day's opening.",
                "drawdown": "Share below the highest equity.",
                "open_risk": "What is lost if every stop is reached.",
                "positions": "Open positions.",
                "pending_slices": "Slices that wait.",
            }.items()
        }
        for name in sorted(live.accounts):
            each = Standing(live, name)
            values = {
                "equity": each.equity / ONE, "day_pnl": each.day_pnl / ONE, "drawdown": each.drawdown,
                "open_risk": each.risk / ONE, "positions": len(each.holdings),
                "pending_slices": len(each.waiting),
            }  # fmt: skip
            for what, value in values.items():
                figures[what].add_metric([name], value)
        yield from figures.values()

    def _flow(self) -> Iterator[Metric]:
        live = self._here.live
        ages = {market: time.time() - newest / SECOND for market, newest in live.times.items()}
        yield _counter("records", "Records that came, since this process began.", "topic", _rows(live.counts))
        yield _gauge("market_age_seconds", "Since the market's newest time.", "market", _rows(ages))

    def _parts(self) -> Iterator[Metric]:
        troubles = {each.part for each in self._here.health.troubles()}
        up = {part: part not in troubles for part in PARTS}
        yield _gauge("up", "Whether a part works, as far as is known.", "part", _rows(up))

    def _groups(self) -> Iterator[Metric]:
        groups = self._condition.get("groups", [])
        lags = {each["group"]: each["lag"] for each in groups}
        members = {each["group"]: each["members"] for each in groups}
        by_topic = (
            ((each["group"], topic), lag) for each in groups for topic, lag in sorted(each["lags"].items())
        )
        yield _gauge("group_lag", "Records that a group has not read.", "group", _rows(lags))
        yield _gauge("group_members", "Processes in a group.", "group", _rows(members))
        yield _gauge("topic_lag", "Records of a topic that a group has not read.", "group topic", by_topic)

    def _shards(self) -> Iterator[Metric]:
        shards = {str(each.shard): each for each in self._here.health.shards}
        owned = {name: each for name, each in shards.items() if each.taken_at}
        unread = {
            str(each["shard"]): each["inbox_lag"]
            for each in self._condition.get("shards", [])
            if "inbox_lag" in each
        }
        for what, text, values in (
            ("live", "Whether a shard works.", _of(shards, lambda each: not each.fault)),
            ("lag", "Market records that a shard has not passed.", _of(shards, lambda each: each.lag)),
            ("waiting", "Entries that a shard has not admitted.", _of(shards, lambda each: each.waiting)),
            ("inbox_lag", "Entries in Kafka that a shard has not taken in.", unread),
            ("still_seconds", "Since it moved, with something to do.", _of(shards, lambda each: each.still)),
            ("taken_over_timestamp_seconds", "When its worker took it over.", _of(owned, _taken_at)),
        ):
            yield _gauge(f"shard_{what}", text, "shard", _rows(values))
        for what, text, values in (
            ("late_entries", "Entries that came after their time.", _of(owned, lambda each: each.late)),
            ("published_records", "What it told of its decisions.", _of(owned, lambda each: each.published)),
        ):
            yield _counter(f"shard_{what}", text, "shard", _rows(values))

    def _dead_letters(self) -> Iterator[Metric]:
        counts = {
            "kafka": self._condition.get("dead_letters_ever"),
            "clickhouse": self._here.health.letters_stored,
        }
        known = {place: count for place, count in counts.items() if count is not None}
        yield _counter("dead_letters", "Records that nobody could read or store.", "kept_in", _rows(known))

    @property
    def _condition(self) -> Mapping[str, Any]:
        return self._here.health.condition or {}

    def _processes(self) -> Iterator[tuple[str, ProcessUsage]]:
        """The parts of this home, and the desks of others, each with its host."""
        here, live = socket.gethostname(), self._here.live
        own = processes(Home.from_environment(os.environ), WEB)
        yield from ((here, each) for each in own)
        known = {(here, each.pid) for each in own}
        for told in live.workers.values():
            if is_alive(told, live.heard_until) and (told.host, told.pid) not in known:
                name, started = f"desk-{told.pid}", told.started / SECOND
                yield told.host, ProcessUsage(name, told.pid, told.memory, told.cpu, started)


def _processes(found: Iterable[tuple[str, ProcessUsage]]) -> Iterator[Metric]:
    rows = [((host, each.part), each) for host, each in found]
    memory = ((name, each.memory) for name, each in rows)
    cpu = ((name, each.cpu) for name, each in rows)
    started = ((name, each.started) for name, each in rows)
    yield _gauge("part_resident_memory_bytes", "Memory that a part holds.", "host part", memory)
    yield _counter("part_cpu_seconds", "Seconds of a core that a part has used.", "host part", cpu)
    yield _gauge("part_start_time_seconds", "When a part's process began.", "host part", started)


def _disks() -> Iterator[Metric]:
    found = [*disks(Home.from_environment(os.environ))]
    free = {each.folder: each.free for each in found}
    size = {each.folder: each.size for each in found}
    yield _gauge("disk_free_bytes", "What the disk of a folder has left.", "folder", _rows(free))
    yield _gauge("disk_size_bytes", "How large the disk of a folder is.", "folder", _rows(size))


def _of(shards: Mapping[str, ShardHealth], value: Callable[[ShardHealth], float]) -> dict[str, float]:
    return {name: value(each) for name, each in shards.items()}


def _taken_at(shard: ShardHealth) -> float:
    return shard.taken_at / SECOND


def _rows(values: Mapping[str, float]) -> Rows:
    return (((name,), value) for name, value in values.items())


def _gauge(name: str, text: str, labels: str, rows: Rows) -> Metric:
    return _filled(GaugeMetricFamily(f"ghostfill_{name}", text, labels=labels.split()), rows)


def _counter(name: str, text: str, labels: str, rows: Rows) -> Metric:
    return _filled(CounterMetricFamily(f"ghostfill_{name}", text, labels=labels.split()), rows)


def _filled(family: GaugeMetricFamily | CounterMetricFamily, rows: Rows) -> Metric:
    for labels, value in rows:
        family.add_metric(labels, value)
    return family
