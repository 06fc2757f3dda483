"""How the desk's work grows with the market: what a tick costs over more and more symbols.

Eight shards of five accounts each, as one process folds them: from columns in memory to outputs, with what a
checkpoint writes. Runs of 40 are what a desk reads that keeps up with two thousand ticks a second; runs of 4,000,
what one reads that is behind.
"""

import argparse
import json
import sys
import time
from collections.abc import Iterator, Sequence

import numpy as np

from schemas.columns import Columns
from streams.accounts import account_with
from streams.agents.machine import DeskMachine
from streams.agents.market_decoder import MarketRun
from streams.engine.model.units import ONE

SYMBOLS = (10, 500, 5_000)
RUNS = {40: 60_000, 4_000: 800_000}
"""Ticks a run, and in all."""
SHARDS, ACCOUNTS = 8, 5
A_TICK = 500
"""Microseconds: two thousand a second."""
START = 1_767_600_000_000_000
LEAST = 0.5
"""Of the ticks a processor second over ten symbols, over five thousand, where the desk keeps up."""


def machines() -> list[DeskMachine]:
    like = {"size": "quantity", "stop_loss": "9%", "balance": "1000000"}
    return [
        DeskMachine(
            shard,
            accounts=[
                account_with("auto-trader", like, name=f"a{shard}-{number}") for number in range(ACCOUNTS)
            ],
        )
        for shard in range(SHARDS)
    ]


def runs(symbols: int, size: int, count: int) -> Iterator[MarketRun]:
    dice = np.random.default_rng(1)
    names = [f"S{number:04}" for number in range(symbols)]
    which = dice.integers(0, symbols, count).astype(np.int32)
    price = 100 * ONE + dice.integers(-ONE // 10, ONE // 10, count)
    ts = START + np.arange(count) * A_TICK
    volume = np.full(count, ONE)
    for start in range(0, count, size):
        rows = slice(start, start + size)
        columns = Columns(
            names, which[rows], ts[rows], price[rows], volume[rows], price[rows] - 100, price[rows] + 100
        )
        offsets = np.arange(start, start + len(columns))
        yield MarketRun(start, start + len(columns), int(columns.ts[-1]), columns, offsets)


def ticks_a_second(symbols: int, size: int, count: int) -> float:
    """Of the processor, once every symbol has had a tick."""
    folded, all_runs = machines(), list(runs(symbols, size, count + count // 4))
    first = len(all_runs) // 5
    for run in all_runs[:first]:
        _fold(folded, run)
    began = time.process_time()
    for run in all_runs[first:]:
        _fold(folded, run)
    return count / (time.process_time() - began)


def _fold(folded: Sequence[DeskMachine], run: MarketRun) -> None:
    for machine in folded:
        machine.pass_market("ticks", run)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="end with 1 where a target is missed")
    options = parser.parse_args()
    found = {
        size: {symbols: round(ticks_a_second(symbols, size, count)) for symbols in SYMBOLS}
        for size, count in RUNS.items()
    }
    few, many = SYMBOLS[0], SYMBOLS[-1]
    ratios = {size: round(each[many] / each[few], 3) for size, each in found.items()}
    print(json.dumps({"ticks a processor second": found, f"{many} symbols against {few}": ratios}, indent=2))
    if options.check and ratios[min(RUNS)] < LEAST:
        sys.exit(1)


if __name__ == "__main__":
    main()
