"""Stretches of the simulated day, and signals in which every preset finds something to trade."""

import json
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

import msgspec
import numpy as np

from schemas.columns import Columns
from schemas.messages import Signal
from schemas.partition import shard_of
from streams.accounts import parse_account, presets
from streams.engine.market.record_checks import take
from streams.engine.model.settings import Settings
from streams.engine.model.units import MINUTE, ONE, SECOND
from streams.feeds.market_day import OPEN, simulated_day
from tests.live.instance import SHARDS, Instance

CENT = ONE // 100
BEGIN = OPEN + 40 * MINUTE
"""Behind the half hour in which the tracker only listens."""
FIXED = 1_741_012_200 * SECOND
"""2025-03-03 14:30 UTC: an event time of the past, whatever the time of day."""


@dataclass(frozen=True)
class Stretch:
    """A market and what was signalled, in event time."""

    market: Columns
    signals: list[Signal]

    @property
    def start(self) -> int:
        return int(self.market.ts[0])

    def moved(self, start: int, faster: int = 1) -> "Stretch":
        """The same from another time on, so many times as fast."""

        def at(ts: int) -> int:
            return start + (ts - self.start) // faster

        market = replace(self.market, ts=start + (self.market.ts - self.start) // faster)
        return Stretch(
            in_order(market), [msgspec.structs.replace(each, ts=at(each.ts)) for each in self.signals]
        )


def in_order(market: Columns) -> Columns:
    """As a replay has it: by time, then by symbol."""
    ranks = np.argsort(np.argsort(market.names))
    return take(market, np.lexsort((ranks[market.symbol], market.ts)))


def stretch(minutes: int, every: int, seed: int = 5) -> Stretch:
    """So many minutes of the simulated day, with a random signal every so many microseconds."""
    day = simulated_day(seed)
    end = BEGIN + minutes * MINUTE
    market = take(day.market, (day.market.ts >= BEGIN) & (day.market.ts < end))
    tracked = [each for each in day.signals if BEGIN <= each.ts < end]
    signals = sorted([*tracked, *random_signals(market, every, seed)], key=lambda each: each.ts)
    return Stretch(market, signals).moved(FIXED)


def random_signals(market: Columns, every: int, seed: int) -> list[Signal]:
    dice = random.Random(seed)
    found = []
    times = range(int(market.ts[0]) + every, int(market.ts[-1]), every)
    for number, ts in enumerate(times):
        symbol = dice.randrange(len(market.names))
        price = _price(market, symbol, ts)
        if not price:
            continue
        side = dice.choices(["long", "short", "flat"], [6, 3, 2])[0]
        up = 1 if side == "long" else -1
        has_levels = side != "flat" and dice.random() < 0.6
        found.append(
            Signal(
                signal_id=f"r{number}",
                source=dice.choice(["left", "right"]),
                symbol=market.names[symbol],
                side=side,  # type: ignore[arg-type]
                ts=ts + dice.randrange(every // 2),
                confidence=round(dice.random(), 2),
                price=price,
                stop_loss=_cents(price * (1 - up * 0.0015)) if has_levels else None,
                take_profit=_cents(price * (1 + up * 0.002)) if has_levels else None,
                features={"vsr": round(dice.uniform(2, 8), 2), "momentum": round(dice.uniform(60, 100), 1)},
            )
        )
    return found


def _price(market: Columns, symbol: int, ts: int) -> int:
    mine = np.flatnonzero(market.symbol == symbol)
    at = int(market.ts[mine].searchsorted(ts)) - 1
    return int(market.price[mine[at]]) if at >= 0 else 0


def _cents(price: float) -> int:
    return round(price / CENT) * CENT


AT_ONCE = 50
"""Accounts that are created together: the gate reads a person's settings slowly."""


# Accounts ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Wanted:
    """An account, by a person's settings."""

    name: str
    settings: dict[str, object]

    @property
    def engine(self) -> Settings:
        """As the gate tells it to the engine."""
        return parse_account(json.dumps(self.settings), "settings", {"name": json.dumps(self.name)})

    def file(self) -> str:
        """As an account file: JSON is YAML."""
        return json.dumps({**self.settings, "name": self.name})


QUICK = [
    {"at": "0s", "fraction": "25%"},
    {"at": "2s", "fraction": "25%", "if": ["momentum >= 70"]},
    {"at": "5s", "fraction": "50%", "if": ["price_holds"]},
]
"""Slices that a stretch of seconds sees."""


def accounts_of_presets(latency: str) -> list[Wanted]:
    """One for every preset, named as it is; and a slicer and a trader that a short stretch keeps busy."""
    wanted: dict[str, dict[str, object]] = {name: {"preset": name} for name in presets()}
    quick: dict[str, dict[str, object]] = {
        "quick-slicer": {"preset": "vsr-slicer", "slices": QUICK},
        "busy-trader": {"preset": "auto-trader", "max_signals_per_hour": 10_000},
    }
    return [Wanted(name, {**keys, "latency": latency}) for name, keys in (wanted | quick).items()]


def hasty(accounts: Sequence[Wanted]) -> list[Wanted]:
    """The same without latency, in shards that have none of those."""
    taken = {shard_of(each.name, SHARDS) for each in accounts}
    assert len(taken) < SHARDS
    found = []
    for each in accounts:
        names = (f"{each.name}-now-{number}" for number in range(1000))
        name = next(name for name in names if shard_of(name, SHARDS) not in taken)
        found.append(Wanted(name, {**each.settings, "latency": "0s"}))
    return found


def create(instance: Instance, accounts: Sequence[Wanted], ts: int) -> None:
    for number, each in enumerate(accounts, start=1):
        document = {
            "command_id": f"create-{each.name}",
            "account": each.name,
            "kind": "create",
            "ts": ts,
            "settings": json.dumps(each.settings),
        }
        instance.send("commands", each.name.encode(), json.dumps(document).encode())
        if number % AT_ONCE == 0:
            instance.flush()
            time.sleep(0.5)
    instance.flush()
