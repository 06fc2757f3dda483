"""Replays the benchmark's ticks and brackets in Ghostfill and prints what it took, as JSON.

From columns in memory to outputs in memory: the data checks, every order, fill, trade, position and equity
row are in the time.
"""

import argparse
import json
from collections import Counter
from pathlib import Path

from schemas.messages import Output, Trade
from streams.engine.model.settings import Instruments
from streams.engine.model.units import ONE
from streams.engine.simulate import simulate
from tests.bench import market, ours


def run(
    ticks: market.Ticks, entries: market.Entries, bracket: market.Bracket, repeats: int, chunk: int
) -> dict[str, object]:
    accounts = ours.accounts(bracket)
    signals = ours.signals(ticks, entries)
    batches = list(ours.chunks(ticks, chunk))

    def replay() -> list[Output]:
        return [output for told in simulate(accounts, batches, signals, Instruments()) for output in told]

    best, outputs = ours.fastest(replay, repeats)
    trades = [output for output in outputs if isinstance(output, Trade)]
    return {
        "seconds": best,
        "ticks": len(ticks),
        "entries": len(entries),
        "outputs": len(outputs),
        "closed": len(trades),
        "pnl": sum(trade.pnl for trade in trades) / ONE,
        "exits": dict(Counter(trade.exit_reason for trade in trades)),
    }


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("market", type=Path, help="the directory that `market.save` wrote")
    parser.add_argument("ticks", type=int, help="how many of them to replay")
    parser.add_argument("--repeats", type=int, default=3, help="the best one counts")
    parser.add_argument("--chunk", type=int, default=262_144, help="ticks a batch")
    options = parser.parse_args()
    ticks, entries, bracket = market.load(options.market)
    ticks, entries = ticks.first(options.ticks), entries.before(options.ticks)
    print(json.dumps(run(ticks, entries, bracket, options.repeats, options.chunk)))


if __name__ == "__main__":
    main()
