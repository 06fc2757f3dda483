"""What time it is in the markets, as the desks tell it: for wishes that name no time.

Rules of this file:
- Nobody waits for a desk. Where none has told anything, or a market is live, a wish is of when Kafka had it.
- Recorded markets of different times have no time in common: most accounts would refuse a wish of the newest.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping

from schemas.errors import NOTHING, MessageError
from schemas.messages import Command, Signal
from schemas.text.numbers import time_text
from streams.engine.model.units import HOUR, MINUTE, SECOND
from streams.transport.shard.reports import WorkerReport

MAX_AHEAD = HOUR
"""How far ahead of its market an entry may be."""
LIVE = MINUTE
"""How far from now the newest record of a live market may be."""
TOLD_SECONDS = 0.2
"""How old what the desks told may be."""
TOGETHER = 3 * SECOND
"""What was told so long before the newest report of a market counts no more."""


def time_of(wish: Signal | Command, reports: Collection[WorkerReport]) -> int:
    """What is meant by one that names no time, and bears that at which Kafka had it.

    A command that waits for the first record of all is of any time: a recorded market never comes to now.
    """
    found = now_by(reports, wish.ts)
    if found is None:
        return 0 if isinstance(wish, Command) and wish.kind != "create" else wish.ts
    return found


def now_by(reports: Collection[WorkerReport], wall: int) -> int | None:
    """The time of the recorded markets; the wall's where one is live; None where nothing is told."""
    told: dict[str, list[tuple[int, int]]] = defaultdict(list)
    for report in reports:
        for market, newest in report.market_time.items():
            if newest:
                told[market].append((report.ts, newest))
    times = {market: _time_in(pairs) for market, pairs in told.items()}
    if any(abs(told_at - newest) < LIVE for told_at, newest in times.values()):
        return wall
    return newest_of({market: newest for market, (_, newest) in times.items()}) if times else None


def newest_of(times: Mapping[str, int]) -> int:
    """The time that is meant in recorded markets; MessageError where it would be too far ahead of one."""
    first, last = min(times, key=times.__getitem__), max(times, key=times.__getitem__)
    if times[last] - times[first] > MAX_AHEAD:
        told = ", ".join(f"{each} of {time_text(times[each])}" for each in (first, last))
        raise MessageError("ts", NOTHING, f"a time, for recorded markets are of different times: {told}")
    return times[last]


def _time_in(told: Collection[tuple[int, int]]) -> tuple[int, int]:
    """When a market was told of last, and the newest time that was told of it then."""
    last = max(told_at for told_at, _ in told)
    return last, max(newest for told_at, newest in told if last - told_at < TOGETHER)
