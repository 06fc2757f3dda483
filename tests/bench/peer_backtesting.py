"""Replays the benchmark's bars and brackets in backtesting.py and prints what it took, as JSON.

Its run alone, from a frame in memory; orders may overlap, and nothing is drawn.
"""

import time
import warnings
from collections import Counter
from collections.abc import Mapping

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


def strategy(known: Mapping[int, tuple[float, float]], limit: int = 0) -> type[Strategy]:
    """`known`: by the bar at whose close it is decided, a bracket's target and stop; `limit` in microseconds."""

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


def tested(data: pandas.DataFrame, bracket: type[Strategy]) -> Backtest:
    return Backtest(data, bracket, cash=10_000_000, hedging=True, exclusive_orders=False)


def run(market: bars.Bars, entries: bars.Brackets) -> dict[str, object]:
    levels = zip((entries.target / UNIT).tolist(), (entries.stop / UNIT).tolist(), strict=True)
    known = dict(zip(entries.bar.tolist(), levels, strict=True))
    backtest = tested(frame(market), strategy(known, int(entries.time_limit.max())))
    started = time.perf_counter()
    stats = backtest.run()
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
