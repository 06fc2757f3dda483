"""What an entry may ask of the past: the average true range, and how alike two symbols moved."""

from itertools import pairwise
from math import sqrt

from streams.engine.market.bars import PastBar, true_ranges
from streams.engine.market.moment import Moment
from streams.engine.model.settings import Settings
from streams.engine.model.units import DAY, half_even

CORRELATED_DAYS = 60
LEAST_DAYS = 20


def atr_of(now: Moment, settings: Settings, symbol: str | None = None) -> int | None:
    """The mean of the last true ranges of completed bars; None before there are so many."""
    bars = completed(now, symbol or now.symbol, settings.atr_interval)
    ranges = true_ranges(bars)[-settings.atr_length :]
    return half_even(sum(ranges), len(ranges)) if len(ranges) == settings.atr_length else None


def completed(now: Moment, symbol: str, interval: int) -> list[PastBar]:
    """The symbol's bars that ended by now."""
    return [bar for bar in now.bars_of(symbol, interval) if (bar.bucket + 1) * interval <= now.time]


def correlation(now: Moment, symbol: str, other: str) -> float:
    """Pearson's, of daily returns on the days that both have; -1 when there are too few."""
    mine, theirs = (_returns(completed(now, name, DAY)) for name in (symbol, other))
    days = sorted(mine.keys() & theirs.keys())[-CORRELATED_DAYS:]
    if len(days) < LEAST_DAYS:
        return -1.0
    return _pearson([mine[day] for day in days], [theirs[day] for day in days])


def _returns(bars: list[PastBar]) -> dict[int, float]:
    return {bar.bucket: bar.close / before.close - 1 for before, bar in pairwise(bars)}


def _pearson(left: list[float], right: list[float]) -> float:
    mean_left, mean_right = sum(left) / len(left), sum(right) / len(right)
    both = sum((a - mean_left) * (b - mean_right) for a, b in zip(left, right, strict=True))
    spread = sqrt(sum((a - mean_left) ** 2 for a in left) * sum((b - mean_right) ** 2 for b in right))
    return both / spread if spread else -1.0
