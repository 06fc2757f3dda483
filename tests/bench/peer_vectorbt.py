"""Replays the benchmark's ticks and brackets in vectorbt and prints what it took, as JSON.

A column of vectorbt holds one position at a time. With `--lots` brackets that could overlap go to columns of
their own, so that all are traded; without, one column passes over the entries that come while it holds one:
less work than was asked for, and the form in which it is fastest. Timed when numba has compiled.
"""

import argparse
import json
import time
from pathlib import Path

import numpy as np
import vectorbt

from tests.bench import market


def columns(entries: market.Entries, ends: market.Ints) -> market.Ints:
    """The first column, for each entry, that is free again by its time limit."""
    free: list[int] = []
    chosen = []
    for start, end in zip(entries.tick.tolist(), ends.tolist(), strict=True):
        column = next((number for number, until in enumerate(free) if until < start), len(free))
        free[column : column + 1] = [end]
        chosen.append(column)
    return np.array(chosen)


def run(
    ticks: market.Ticks, entries: market.Entries, bracket: market.Bracket, lots: bool
) -> dict[str, object]:
    count = len(ticks)
    price = (ticks.price / market.UNIT)[:, None]
    ends = np.searchsorted(ticks.ts, ticks.ts[entries.tick] + bracket.time_limit)
    column = columns(entries, ends) if lots else np.zeros(len(entries), dtype=np.int64)
    shape = (count, int(column.max()) + 1)
    enters, leaves, trailing = (np.zeros(shape, dtype=bool) for _ in range(3))
    enters[entries.tick, column] = True
    ended = ends < count
    leaves[ends[ended], column[ended]] = True
    trailing[entries.tick[entries.trailing], column[entries.trailing]] = True
    stop = np.where(trailing, bracket.trail, bracket.stop_loss)

    def replay() -> tuple[float, vectorbt.Portfolio]:
        started = time.perf_counter()
        portfolio = vectorbt.Portfolio.from_signals(
            price,
            entries=enters,
            exits=leaves,
            size=0.01,
            init_cash=1e7,
            sl_stop=stop,
            sl_trail=trailing,
            tp_stop=bracket.take_profit,
            freq="1s",
        )
        return time.perf_counter() - started, portfolio

    replay()
    took, portfolio = min((replay() for _ in range(3)), key=lambda pair: pair[0])
    closed = portfolio.trades.closed
    return {
        "seconds": took,
        "ticks": count,
        "entries": len(entries),
        "columns": shape[1],
        "closed": int(np.sum(closed.count())),
        "pnl": float(np.sum(closed.pnl.sum())),
    }


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("market", type=Path, help="the directory that `market.save` wrote")
    parser.add_argument("ticks", type=int, help="how many of them to replay")
    parser.add_argument("--lots", action="store_true")
    options = parser.parse_args()
    ticks, entries, bracket = market.load(options.market)
    print(json.dumps(run(ticks.first(options.ticks), entries.before(options.ticks), bracket, options.lots)))


if __name__ == "__main__":
    main()
