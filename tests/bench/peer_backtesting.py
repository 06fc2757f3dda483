"""Replays the benchmark's bars and brackets in backtesting.py and prints what it took, as JSON.

Its run alone, from a frame in memory; orders may overlap, and nothing is drawn.
"""

import time
import warnings
from collections import Counter

import pandas
from backtesting import Backtest, Strategy

from tests.bench import bars
from tests.bench.bars import UNIT

warnings.filterwarnings("ignore")


def frame(market: bars.Bars) -> pandas.DataFrame:
    named = {"Open": market.open, "High": market.high, "Low": market.low, "Close": market.close}
    prices = {name: column / UNIT for name, column in named.items()}
    index = pandas.to_datetime(market.ts, unit="us")
    return pandas.DataFrame({**prices, "Volume": market.volume / UNIT}, index=index)


def strategy(entries: bars.Brackets) -> type[Strategy]:
    levels = zip(entries.bar.tolist(), entries.target.tolist(), entries.stop.tolist(), strict=True)
    known = {bar: (target / UNIT, stop / UNIT) for bar, target, stop in levels}
    limit = int(entries.time_limit.max())

    class Bracket(Strategy):
        def init(self) -> None:
            pass

        def next(self) -> None:
            found = known.get(len(self.data) - 1)
            if found is not None:
                self.buy(size=1, tp=found[0], sl=found[1])
            if limit:
                now = self.data.index[-1]
                for trade in self.trades:
                    if (now - trade.entry_time).value >= limit * 1_000:
                        trade.close()

    return Bracket


def run(market: bars.Bars, entries: bars.Brackets) -> dict[str, object]:
    test = Backtest(frame(market), strategy(entries), cash=10_000_000, hedging=True, exclusive_orders=False)
    started = time.perf_counter()
    stats = test.run()
    took = time.perf_counter() - started
    trades = stats["_trades"]
    at_target = trades["ExitPrice"] >= trades["TP"]
    at_stop = trades["ExitPrice"] <= trades["SL"]
    exits = Counter({"take_profit": int(at_target.sum()), "stop_loss": int(at_stop.sum())})
    exits["time_limit"] = len(trades) - exits.total()
    return {
        "seconds": took, "bars": len(market), "entries": len(entries), "closed": len(trades),
        "pnl": float(trades["PnL"].sum()), "exits": dict(exits),
    }  # fmt: skip


if __name__ == "__main__":
    bars.tell(run)
