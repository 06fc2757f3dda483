"""Bars, and brackets that enter at the close of some of them: seeded numpy, nothing of ours.

The peers' programs import this file in their own environment, so it knows only numpy.
"""

import argparse
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tests.bench.market import CENT, SECOND, UNIT, Ints, load_groups, save_groups

START = 1_704_067_200 * SECOND
MINUTE, HOUR, DAY = 60 * SECOND, 3_600 * SECOND, 86_400 * SECOND
FIRST_PRICE = 10_000
YEAR_OF_MINUTES, YEAR_OF_HOURS = 525_600, 8_760


@dataclass(frozen=True)
class Bars:
    """A symbol's bars; prices and volumes in 1e-8, times of their opens in microseconds."""

    ts: Ints
    open: Ints
    high: Ints
    low: Ints
    close: Ints
    volume: Ints

    def __len__(self) -> int:
        return len(self.ts)

    @property
    def interval(self) -> int:
        return int(self.ts[1] - self.ts[0])


@dataclass(frozen=True)
class Brackets:
    """Longs that are decided at a bar's close, with a target, a stop and a limit of time of their own."""

    bar: Ints
    target: Ints
    stop: Ints
    time_limit: Ints
    """In microseconds; 0: none."""

    def __len__(self) -> int:
        return len(self.bar)


def bars(count: int, interval: int, step: float, seed: int = 1) -> Bars:
    """A random walk in cents. `step`: standard deviation of a bar's return."""
    random = np.random.default_rng(seed)
    walk = np.concatenate(([0.0], np.cumsum(random.normal(0.0, step, count))))
    cents = np.rint(FIRST_PRICE * np.exp(walk)).astype(np.int64)
    opens, closes = cents[:-1], cents[1:]
    beyond = np.rint(np.abs(random.normal(0.0, step / 3, (2, count))) * opens).astype(np.int64)
    return Bars(
        ts=START + interval * np.arange(count),
        open=opens * CENT,
        high=(np.maximum(opens, closes) + beyond[0]) * CENT,
        low=np.maximum(np.minimum(opens, closes) - beyond[1], 1) * CENT,
        close=closes * CENT,
        volume=random.integers(1, 10_000, count) * UNIT,
    )


def brackets(market: Bars, at: Ints, target: float, stop: float, time_limit: int = 0) -> Brackets:
    """Exits as shares of the close, in whole cents."""
    close = market.close[at] / CENT
    return Brackets(
        bar=at,
        target=np.rint(close * (1 + target)).astype(np.int64) * CENT,
        stop=np.rint(close * (1 - stop)).astype(np.int64) * CENT,
        time_limit=np.full(len(at), time_limit),
    )


def year_of_minutes(years: int = 1) -> tuple[Bars, Brackets]:
    """A thousand brackets a year, each open for some hours."""
    market = bars(years * YEAR_OF_MINUTES, MINUTE, 0.0004)
    random = np.random.default_rng(2)
    at = np.sort(random.choice(len(market) - 2, 1_000 * years, replace=False)).astype(np.int64)
    return market, brackets(market, at, 0.005, 0.004)


def many_lots(years: int = 10, lots: int = 200) -> tuple[Bars, Brackets]:
    """Hourly bars in which so many brackets are open at once, each for a year at most."""
    market = bars(years * YEAR_OF_HOURS, HOUR, 0.001)
    at = np.arange(0, len(market) - 2, YEAR_OF_HOURS // lots, dtype=np.int64)
    return market, brackets(market, at, 0.6, 0.4, YEAR_OF_HOURS * HOUR)


WORLDS = {"minutes": year_of_minutes, "lots": many_lots}


def save(path: Path, market: Bars, entries: Brackets) -> None:
    """For a program of another environment."""
    save_groups(path, bars=market, brackets=entries)


def load(path: Path) -> tuple[Bars, Brackets]:
    groups = load_groups(path)
    return Bars(**groups["bars"]), Brackets(**groups["brackets"])


def tell(run: Callable[[Bars, Brackets], dict[str, object]]) -> None:
    """What a peer's program does: read the market that it is told of, run, and print what it took."""
    parser = argparse.ArgumentParser()
    parser.add_argument("market", type=Path, help="the directory that `save` wrote")
    print(json.dumps(run(*load(parser.parse_args().market))))
