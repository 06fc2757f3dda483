"""The market and the brackets that every engine replays: seeded numpy, nothing of ours.

The peers' programs import this file in their own environment, so it knows only numpy.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]

UNIT = 100_000_000
CENT = UNIT // 100
SECOND = 1_000_000
START = 1_760_000_000 * SECOND
FIRST_PRICE = 60_000
STEP = 0.5e-4
"""Standard deviation of one tick's return: about 1.6% in 100,000 ticks."""


@dataclass(frozen=True)
class Ticks:
    """A symbol's trades with the quotes around them; prices and sizes in 1e-8, times in microseconds."""

    ts: Ints
    price: Ints
    size: Ints
    bid: Ints
    ask: Ints

    def __len__(self) -> int:
        return len(self.ts)

    def first(self, count: int) -> "Ticks":
        return Ticks(
            self.ts[:count], self.price[:count], self.size[:count], self.bid[:count], self.ask[:count]
        )


@dataclass(frozen=True)
class Bracket:
    """Exits as shares of the entry price, and a limit of time."""

    take_profit: float
    stop_loss: float
    trail: float
    time_limit: int


WIDE = Bracket(take_profit=0.02, stop_loss=0.015, trail=0.01, time_limit=1_000 * SECOND)
"""A day's trade: open for about 100,000 ticks."""
NARROW = Bracket(take_profit=0.002, stop_loss=0.0015, trail=0.001, time_limit=100 * SECOND)
"""A scalper's: open for about 1,000 ticks."""
HOURS = Bracket(take_profit=0.005, stop_loss=0.004, trail=0.003, time_limit=24 * 3_600 * SECOND)
"""Of a day's swing at four quotes a minute."""


@dataclass(frozen=True)
class Entries:
    """When brackets enter, at the tick's own time, and which have a trailing stop instead of a fixed one."""

    tick: Ints
    trailing: npt.NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.tick)

    def before(self, count: int) -> "Entries":
        kept = int(np.searchsorted(self.tick, count))
        return Entries(self.tick[:kept], self.trailing[:kept])


def ticks(count: int, seed: int = 1, gap: int = 10_050, step: float = STEP) -> Ticks:
    """A random walk in cents, so many microseconds a tick on average, with a spread of one to four cents."""
    random = np.random.default_rng(seed)
    walk = np.cumsum(random.normal(0.0, step, count))
    cents = np.rint(FIRST_PRICE * 100 * np.exp(walk)).astype(np.int64)
    half = random.integers(1, 3, count)
    return Ticks(
        ts=START + np.cumsum(random.integers(100, 2 * gap - 100, count)),
        price=cents * CENT,
        size=random.integers(1, 10_000, count) * (UNIT // 1_000),
        bid=(cents - half) * CENT,
        ask=(cents + random.integers(0, 3, count)) * CENT,
    )


def scattered(count: int, number: int, seed: int = 2) -> Entries:
    """That many entries anywhere among the ticks."""
    random = np.random.default_rng(seed)
    return _entries(np.sort(random.choice(count - 1, number, replace=False)).astype(np.int64))


def regular(count: int, every: int) -> Entries:
    """An entry at every so many ticks."""
    return _entries(np.arange(every, count, every, dtype=np.int64))


def _entries(at: Ints) -> Entries:
    """A third of them trail."""
    return Entries(at, np.arange(len(at)) % 3 == 0)


def month_of_quotes() -> tuple[Ticks, Entries]:
    """Four a minute, as of a currency pair, and two hundred brackets."""
    quotes = ticks(118_997, gap=22_000_000, step=0.0002)
    return quotes, scattered(len(quotes), 200)


def save(path: Path, ticks: Ticks, entries: Entries, bracket: Bracket) -> None:
    """For a program of another environment."""
    save_groups(path, ticks=ticks, entries=entries, bracket=bracket)


def load(path: Path) -> tuple[Ticks, Entries, Bracket]:
    groups = load_groups(path)
    bracket = {name: value.item() for name, value in groups["bracket"].items()}
    return Ticks(**groups["ticks"]), Entries(**groups["entries"]), Bracket(**bracket)


def save_groups(path: Path, **groups: Any) -> None:
    """The fields of some dataclasses, a file each."""
    path.mkdir(parents=True, exist_ok=True)
    for group, values in groups.items():
        for name, column in asdict(values).items():
            np.save(path / f"{group}.{name}.npy", column)


def load_groups(path: Path) -> Mapping[str, Mapping[str, Any]]:
    groups: dict[str, dict[str, Any]] = {}
    for file in path.glob("*.npy"):
        group, name = file.stem.split(".")
        groups.setdefault(group, {})[name] = np.load(file)
    return groups
