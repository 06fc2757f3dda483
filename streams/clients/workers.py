"""What the workers told lately."""

import time
from collections.abc import Iterable

from confluent_kafka.admin import AdminClient

from streams.agents.names import DESK, GATE
from streams.agents.times import TOLD_SECONDS, now_by
from streams.clients.kafka import ANSWER_S, Raw, ends, patiently, read_spans, require, since
from streams.engine.model.units import SECOND
from streams.transport.kafka.cluster import Cluster
from streams.transport.shard.reports import WorkerReport, decode_report

REPORTS = ("workers", 0)
LATELY_S = 10.0
ALIVE = 3 * SECOND
"""A worker that told nothing for so long has gone, or stands still."""


def wall() -> int:
    return time.time_ns() // 1000


def reports(cluster: Cluster) -> list[WorkerReport]:
    """The last one of each worker that told something in the last seconds."""
    require(cluster, REPORTS[0])
    first = since(cluster, [REPORTS], int((time.time() - LATELY_S) * 1000))[REPORTS]
    span = first, ends(cluster, [REPORTS])[REPORTS]
    newest = {report.worker: report for report in map(_read, read_spans(cluster, {REPORTS: span}))}
    return sorted(newest.values(), key=lambda report: (report.part, report.started))


def _read(raw: Raw) -> WorkerReport:
    assert raw.value is not None
    return decode_report(raw.value)


def is_alive(report: WorkerReport, now: int) -> bool:
    return not report.leaving and now - report.ts < ALIVE


def desks(told: Iterable[WorkerReport], now: int | None = None) -> list[WorkerReport]:
    """Those that live and own shards; `now` is the time up to which reports have been read."""
    now = wall() if now is None else now
    return [each for each in told if each.part == DESK and each.shards and is_alive(each, now)]


def reached(told: Iterable[WorkerReport], market: str, now: int | None = None) -> int:
    """The time that every desk has come to in a market; 0: nobody tells.

    What comes next is decided there: a market that runs through a night in seconds may be hours ahead of it.
    """
    return min(filter(None, (each.market_time.get(market, 0) for each in desks(told, now))), default=0)


class MarketsNow:
    """What time it is for a wish that names none, by what the desks tell."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._told: list[WorkerReport] = []
        self._looked_at = -TOLD_SECONDS

    def __call__(self) -> int:
        if time.monotonic() - self._looked_at >= TOLD_SECONDS:
            self._told = desks(reports(self._cluster))
            self._looked_at = time.monotonic()
        return now_by(self._told, wall()) or wall()


def has_gate(cluster: Cluster) -> bool:
    """Gates tell nothing of themselves; their group knows them."""
    return members(cluster, GATE) > 0


def members(cluster: Cluster, group: str) -> int:
    """How many processes are in a group."""

    def answer(client: AdminClient) -> int:
        asked = client.describe_consumer_groups([group], request_timeout=ANSWER_S)
        return len(asked[group].result(ANSWER_S).members)

    return patiently(cluster, answer)
