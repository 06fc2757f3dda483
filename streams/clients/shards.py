"""Whether each shard works, and what of it the others have to know: by what the workers tell.

Rules of this file: `status`, the page, `/readyz` and `/metrics` all ask here, so that none of them is green
while another is red.
"""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from schemas.catalog import catalog
from streams.agents.names import TOPICS
from streams.clients.workers import desks
from streams.engine.model.units import SECOND
from streams.transport.shard.reports import ShardReport, Stage, WorkerReport

STILL_S = 10.0
"""A shard with something before it that takes nothing of it for so long does not move."""
NOBODYS = "nobody's"


class ShardHealth(NamedTuple):
    """One shard, as its worker tells."""

    shard: int
    stage: str
    worker: str | None = None
    waiting: int = 0
    """Entries that were received and not admitted."""
    lag: int = 0
    """Records of its markets that its worker has read and it has not passed."""
    still: float = 0.0
    """Seconds for which something has been before it and it has taken nothing."""
    late: int = 0
    """Entries that came too late for their time."""
    published: int = 0
    """Records of what it decided, since it was taken over."""
    taken_at: int = 0
    """When its worker had taken it over."""

    @property
    def fault(self) -> str:
        """What is wrong with it; empty while it works."""
        if self.stage != Stage.LIVE:
            return self.stage
        return "standing still" if self.still > STILL_S else ""


def shards(told: Iterable[WorkerReport], now: int | None = None) -> list[ShardHealth]:
    """Every shard there is; `now` is the time up to which reports have been read."""
    found: dict[int, ShardHealth] = {}
    for worker in desks(told, now):
        for report in worker.shards:
            each = _health(worker, report)
            if report.shard not in found or found[report.shard].fault:  # two may tell of one that moves
                found[report.shard] = each
    everyone = range(catalog().topic(TOPICS.inbox).partitions)
    return [found.get(shard, ShardHealth(shard, NOBODYS)) for shard in everyone]


def _health(worker: WorkerReport, report: ShardReport) -> ShardHealth:
    ends: Mapping[str, int] = worker.market_end
    lag = sum(max(0, ends.get(topic, 0) - position) for topic, position in report.market.items())
    unsaid = (worker.ts - worker.made) / SECOND if worker.made else 0.0
    is_idle = not (lag or report.waiting)
    still = 0.0 if is_idle else report.still + unsaid
    return ShardHealth(
        report.shard, report.stage, worker.worker, report.waiting, lag, still,
        report.late, report.published, report.taken_at,
    )  # fmt: skip


def faults(found: Iterable[ShardHealth]) -> list[str]:
    """A sentence for each kind of fault."""
    by_fault: dict[str, list[int]] = {}
    for each in found:
        if each.fault:
            by_fault.setdefault(each.fault, []).append(each.shard)
    return [_sentence(fault, numbers) for fault, numbers in by_fault.items()]


def _sentence(fault: str, numbers: list[int]) -> str:
    if len(numbers) == 1:
        return f"Shard {numbers[0]} is {fault}: its accounts do not trade."
    *most, last = map(str, numbers)
    return f"Shards {', '.join(most)} and {last} are {fault}: their accounts do not trade."
