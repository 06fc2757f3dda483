"""What a run of a market's records comes to, worked out once for all shards that stand at the same place.

Rules of this file: checks, columns and what is known of symbols follow from the market's log alone; who
watches them is each shard's own. Places are compared by what they hold, never assumed to be the same.
"""

from collections import Counter
from typing import NamedTuple

from schemas.columns import Columns
from streams.engine.market.batch import Batch
from streams.engine.market.market import Market
from streams.engine.market.record_checks import Gatekeeper, RawTicks
from streams.engine.market.symbols import Symbols
from streams.engine.model.settings import Checks


class StartingPoint(NamedTuple):
    """All that decides what the records come to."""

    checks: Checks
    checked: int
    time: int
    sessions: bool
    histories: dict[int, int]
    raw: RawTicks
    symbols: Symbols

    @classmethod
    def of(cls, gatekeeper: Gatekeeper, market: Market) -> "StartingPoint":
        return cls(
            gatekeeper.checks, gatekeeper.time, market.time, market.sessions, dict(market.histories),
            gatekeeper.raw, market.symbols,
        )  # fmt: skip

    def is_at(self, other: "StartingPoint") -> bool:
        return all(mine is theirs or mine == theirs for mine, theirs in zip(self, other, strict=True))


class PassedBatches(NamedTuple):
    """From one place to the next."""

    start: StartingPoint
    batches: list[Batch]
    end: StartingPoint
    dropped: Counter[str]


class SharedBatches:
    """Of one run of records."""

    def __init__(self) -> None:
        self._known: list[PassedBatches] = []

    def batches(self, gatekeeper: Gatekeeper, market: Market, columns: Columns) -> list[Batch]:
        """What there is to fold; both now stand behind these records."""
        start = StartingPoint.of(gatekeeper, market)
        for known in self._known:
            if known.start.is_at(start):
                gatekeeper.time, gatekeeper.raw = known.end.checked, known.end.raw
                market.time, market.symbols = known.end.time, known.end.symbols
                gatekeeper.dropped.update(known.dropped)
                return known.batches
        dropped = Counter(gatekeeper.dropped)
        batches = list(market.batches(gatekeeper.check(columns)))
        news = gatekeeper.dropped - dropped
        self._known.append(PassedBatches(start, batches, StartingPoint.of(gatekeeper, market), news))
        return batches
