"""Replays the benchmark's bars and brackets in vectorbt and prints what it took, as JSON.

One column, which holds one position at a time and passes over the entries that come meanwhile: less work than
was asked for, and the form in which it is fastest. Timed when numba has compiled.
"""

import time

import numpy as np
import vectorbt

from tests.bench import bars


def run(market: bars.Bars, entries: bars.Brackets) -> dict[str, object]:
    prices = {name: getattr(market, name) / bars.UNIT for name in ("open", "high", "low", "close")}
    enters = np.zeros(len(market), dtype=bool)
    enters[entries.bar] = True
    target, stop = (np.full(len(market), np.nan) for _ in range(2))
    close = market.close[entries.bar]
    target[entries.bar], stop[entries.bar] = entries.target / close - 1, 1 - entries.stop / close

    def replay() -> tuple[float, vectorbt.Portfolio]:
        started = time.perf_counter()
        portfolio = vectorbt.Portfolio.from_signals(
            **prices, entries=enters, size=1, init_cash=1e7, sl_stop=stop, tp_stop=target, freq="1min"
        )
        return time.perf_counter() - started, portfolio

    replay()
    took, portfolio = min((replay() for _ in range(3)), key=lambda pair: pair[0])
    closed = portfolio.trades.closed
    return {
        "seconds": took, "bars": len(market), "entries": len(entries), "closed": int(closed.count()),
        "pnl": float(closed.pnl.sum()),
    }  # fmt: skip


if __name__ == "__main__":
    bars.tell(run)
