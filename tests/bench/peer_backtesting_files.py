"""backtesting.py from files to a file: it reads bars and signals with pandas, and writes its trades."""

import argparse
from pathlib import Path

import pandas

from tests.bench.peer_backtesting import strategy, tested


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    frame = pandas.read_csv(folder / "bars.csv", parse_dates=["ts"], index_col="ts")
    frame = frame.rename(columns=str.capitalize)[["Open", "High", "Low", "Close", "Volume"]]
    signals = pandas.read_csv(folder / "signals.csv", parse_dates=["ts"])
    # Each enters at the open of the bar that begins at its time: it is decided at the close before.
    places = frame.index.searchsorted(signals["ts"]) - 1
    levels = zip(signals["take_profit"], signals["stop_loss"], strict=True)
    trades = tested(frame, strategy(dict(zip(places, levels, strict=True)))).run()["_trades"]
    trades.to_csv(folder / "backtesting.csv")
    print(len(trades))


if __name__ == "__main__":
    main()
