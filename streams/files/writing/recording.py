"""Writes a market and its signals into files that `ghostfill replay` reads."""

import csv
import gzip
import io
from collections.abc import Iterable
from pathlib import Path

from schemas.columns import Columns
from schemas.messages import Signal
from streams.files.writing.text import decimal_text, plain_text, time_text

FASTEST = 1
NO_TIME = 0
"""Of writing: the same rows give the same bytes."""


def write_ticks(path: Path, columns: Columns) -> None:
    """Ticks as csv.gz."""
    with (
        path.open("wb") as raw,
        gzip.GzipFile("", "wb", FASTEST, raw, NO_TIME) as packed,
        io.TextIOWrapper(packed, "utf-8", newline="") as text,
    ):
        rows = csv.writer(text, lineterminator="\n")
        rows.writerow(("ts", "symbol", "price", "size", "bid", "ask"))
        fields = (columns.ts, columns.symbol, columns.price, columns.size, columns.bid, columns.ask)
        for ts, symbol, *numbers in zip(*(field.tolist() for field in fields), strict=True):
            rows.writerow((time_text(ts), columns.names[symbol], *map(decimal_text, numbers)))


def write_signals(path: Path, signals: Iterable[Signal]) -> None:
    """Signals as csv, a feature a column."""
    signals = list(signals)
    features = sorted({name for signal in signals for name in signal.features})
    prices = ("price", "stop_loss", "take_profit")
    with path.open("w", encoding="utf-8", newline="") as text:
        rows = csv.writer(text, lineterminator="\n")
        rows.writerow(("ts", "symbol", "side", *features, "confidence", *prices, "source", "signal_id"))
        for signal in signals:
            said = [time_text(signal.ts), signal.symbol, signal.side]
            said += [plain_text(signal.features.get(name)) for name in features]
            said.append(plain_text(signal.confidence))
            said += [decimal_text(getattr(signal, name)) for name in prices]
            rows.writerow((*said, signal.source, signal.signal_id))
