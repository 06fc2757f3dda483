"""Replays the benchmark's bars and brackets in Ghostfill and prints what it took, as JSON.

From columns in memory to results in memory: the data checks, every order, fill, trade, position and a row of
equity a minute are in the time.
"""

import argparse
import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from schemas.columns import BAR, Columns
from schemas.messages import Signal, Trade
from streams.engine.model.settings import Instruments, Settings, Size
from streams.engine.model.units import ONE
from streams.engine.shard.told import ToldAt, ToldMinutes
from streams.engine.simulate import simulate
from tests.bench import bars, ours

SYMBOL = "AAPL"
BATCH = 1 << 16


def batches(market: bars.Bars) -> Iterator[Columns]:
    nothing = np.zeros(BATCH, np.int64)
    for start in range(0, len(market), BATCH):
        part = slice(start, min(start + BATCH, len(market)))
        count = part.stop - part.start
        yield Columns(
            names=[SYMBOL],
            symbol=np.zeros(count, np.int32),
            ts=market.ts[part],
            price=market.close[part],
            size=market.volume[part],
            bid=nothing[:count],
            ask=nothing[:count],
            kind=np.full(count, BAR, np.int8),
            open=market.open[part],
            high=market.high[part],
            low=market.low[part],
            interval=np.full(count, market.interval),
        )


def account(entries: bars.Brackets, name: str = "brackets") -> Settings:
    limit = int(entries.time_limit.max())
    return Settings(
        name=name,
        balance=10_000_000 * ONE,
        size=Size(mode="quantity"),
        position_mode="per_signal",
        limit_fill="touch",
        use_signal_targets=True,
        time_limit=limit or None,
    )


def signals(market: bars.Bars, entries: bars.Brackets) -> list[Signal]:
    """Known when their bars have ended."""
    ends = (market.ts[entries.bar] + market.interval).tolist()
    rows = zip(ends, entries.target.tolist(), entries.stop.tolist(), strict=True)
    return [
        Signal(
            signal_id=str(number), source="bench", symbol=SYMBOL, side="long", ts=ts, quantity=ONE,
            take_profit=target, stop_loss=stop,
        )
        for number, (ts, target, stop) in enumerate(rows)
    ]  # fmt: skip


def run(market: bars.Bars, entries: bars.Brackets, repeats: int) -> dict[str, object]:
    accounts, wishes = [account(entries)], signals(market, entries)
    best, told = ours.fastest(
        lambda: list(simulate(accounts, batches(market), wishes, Instruments())), repeats
    )
    columns = (market.open, market.high, market.low, market.close)
    reading, _ = ours.fastest(lambda: [int(column.max()) for column in columns], repeats)
    parts = [part for each in told for part in each.parts]
    messages = [output for part in parts if isinstance(part, ToldAt) for output in part.outputs]
    trades = [output for output in messages if isinstance(output, Trade)]
    return {
        "seconds": best,
        "reading": reading,
        "bars": len(market),
        "entries": len(entries),
        "outputs": len(messages) + sum(len(part.rows) for part in parts if isinstance(part, ToldMinutes)),
        "closed": len(trades),
        "pnl": sum(trade.pnl for trade in trades) / ONE,
        "exits": dict(Counter(trade.exit_reason for trade in trades)),
    }


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("market", type=Path, help="the directory that `bars.save` wrote")
    parser.add_argument("--repeats", type=int, default=3, help="the best one counts")
    options = parser.parse_args()
    market, entries = bars.load(options.market)
    print(json.dumps(run(market, entries, options.repeats)))


if __name__ == "__main__":
    main()
