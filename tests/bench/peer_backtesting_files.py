"""backtesting.py from files to a file: it reads bars and signals with pandas, and writes its trades."""

import argparse
from pathlib import Path

import pandas
from backtesting import Backtest, Strategy


def strategy(signals: pandas.DataFrame, times: pandas.Index) -> type[Strategy]:
    """Each enters at the open of the bar that begins at its time: it is decided at the close before."""
    places = times.searchsorted(signals["ts"]) - 1
    known = dict(zip(places, zip(signals["take_profit"], signals["stop_loss"], strict=True), strict=True))

    class Bracket(Strategy):
        def init(self) -> None:
            pass

        def next(self) -> None:
            found = known.get(len(self.data) - 1)
            if found is not None:
                self.buy(size=1, tp=found[0], sl=found[1])

    return Bracket


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    frame = pandas.read_csv(folder / "bars.csv", parse_dates=["ts"], index_col="ts")
    frame = frame.rename(columns=str.capitalize)[["Open", "High", "Low", "Close", "Volume"]]
    signals = pandas.read_csv(folder / "signals.csv", parse_dates=["ts"])
    test = Backtest(
        frame, strategy(signals, frame.index), cash=10_000_000, hedging=True, exclusive_orders=False
    )
    trades = test.run()["_trades"]
    trades.to_csv(folder / "backtesting.csv")
    print(len(trades))


if __name__ == "__main__":
    main()
