"""The benchmark's market and brackets as Ghostfill takes them."""

import time
from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import TypeVar

import numpy as np

from schemas.columns import Columns
from schemas.messages import Signal
from streams.engine.model.settings import Level, Settings, Size
from streams.engine.model.units import ONE
from tests.bench import market

Result = TypeVar("Result")

SYMBOL = "BTCUSDT"
QUANTITY = ONE // 100
FIXED, TRAILING = "fixed", "trailing"


def columns(ticks: market.Ticks) -> Columns:
    return Columns(
        names=[SYMBOL],
        symbol=np.zeros(len(ticks), dtype=np.int32),
        ts=ticks.ts,
        price=ticks.price,
        size=ticks.size,
        bid=ticks.bid,
        ask=ticks.ask,
    )


def chunks(ticks: market.Ticks, length: int) -> Iterator[Columns]:
    """The ticks in batches of that many, without copies."""
    edges = [*range(0, len(ticks), length), len(ticks)]
    for start, end in pairwise(edges):
        part = slice(start, end)
        yield columns(
            market.Ticks(
                ticks.ts[part], ticks.price[part], ticks.size[part], ticks.bid[part], ticks.ask[part]
            )
        )


def accounts(bracket: market.Bracket) -> list[Settings]:
    """One whose stops are fixed and one whose stops trail, each taking its own source's signals."""

    def account(name: str) -> Settings:
        return Settings(
            name=name,
            follow=(name,),
            balance=10_000_000 * ONE,
            size=Size(mode="quantity"),
            position_mode="per_signal",
            limit_fill="touch",
            take_profit=_percent(bracket.take_profit),
            stop_loss=_percent(bracket.stop_loss) if name == FIXED else None,
            trailing_stop=_percent(bracket.trail) if name == TRAILING else None,
            time_limit=bracket.time_limit,
        )

    return [account(FIXED), account(TRAILING)]


def _percent(share: float) -> Level:
    return Level(kind="percent", value=round(share * ONE))


def signals(ticks: market.Ticks, entries: market.Entries) -> list[Signal]:
    return [
        Signal(
            signal_id=str(number),
            source=TRAILING if trailing else FIXED,
            symbol=SYMBOL,
            side="long",
            ts=ts,
            quantity=QUANTITY,
        )
        for number, (ts, trailing) in enumerate(
            zip(ticks.ts[entries.tick].tolist(), entries.trailing.tolist(), strict=True)
        )
    ]


def fastest(work: Callable[[], Result], repeats: int) -> tuple[float, Result]:
    """The seconds of the quickest run, and what the last one gave."""
    best = float("inf")
    for _ in range(repeats):
        started = time.perf_counter()
        result = work()
        best = min(best, time.perf_counter() - started)
    return best, result
