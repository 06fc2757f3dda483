"""Replays the benchmark's bars and brackets in vectorbt and prints what it took, as JSON.

A column holds one position at a time and passes over the entries that come meanwhile, so the brackets are dealt
to as many columns as it takes for none to be passed over. In the time is what the other engines give too: the
trades, and the worth at each bar. Timed when numba has compiled.
"""

import time

import numpy as np
import vectorbt

from tests.bench import bars


def replay(market: bars.Bars, entries: bars.Brackets, columns: int) -> tuple[float, vectorbt.Trades]:
    """The seconds, and the trades that have ended."""
    prices = {name: getattr(market, name)[:, None] / bars.UNIT for name in ("open", "high", "low", "close")}
    size = (len(market), columns)
    enters, target, stop = np.zeros(size, dtype=bool), np.full(size, np.nan), np.full(size, np.nan)
    at = (entries.bar, np.arange(len(entries)) % columns)
    close = market.close[entries.bar]
    enters[at], target[at], stop[at] = True, entries.target / close - 1, 1 - entries.stop / close
    started = time.perf_counter()
    portfolio = vectorbt.Portfolio.from_signals(
        **prices, entries=enters, size=1, init_cash=1e7, sl_stop=stop, tp_stop=target, freq="1min"
    )
    closed, worth = portfolio.trades.closed, portfolio.value()
    assert len(worth) == len(market)
    return time.perf_counter() - started, closed


def run(market: bars.Bars, entries: bars.Brackets) -> dict[str, object]:
    columns = 1
    while len(replay(market, entries, columns)[1].records) < len(entries) and columns < len(entries):
        columns *= 2
    took, closed = min((replay(market, entries, columns) for _ in range(3)), key=lambda pair: pair[0])
    return {
        "seconds": took, "bars": len(market), "entries": len(entries), "columns": columns,
        "closed": len(closed.records), "pnl": float(closed.pnl.sum().sum()),
    }  # fmt: skip


if __name__ == "__main__":
    bars.tell(run)
