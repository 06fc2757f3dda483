"""Signals that bear the time of a bar's open: mostly they were known only when it had ended."""

from collections.abc import Iterable, Mapping, Sequence

import msgspec
import numpy as np

from schemas.columns import Ints
from schemas.messages import Command, Signal

Closes = Mapping[tuple[str, int], int]
"""When the bar of a symbol ends that opens at a time."""


def asked(entries: Iterable[Signal | Command]) -> dict[str, Ints]:
    """The times of each symbol's signals."""
    times: dict[str, set[int]] = {}
    for entry in entries:
        if isinstance(entry, Signal):
            times.setdefault(entry.symbol, set()).add(entry.ts)
    return {symbol: np.array(sorted(each), np.int64) for symbol, each in times.items()}


def at_close(entries: Sequence[Signal | Command], closes: Closes) -> list[Signal | Command]:
    """Those signals at the end of their bar; the others as they are."""
    return [
        msgspec.structs.replace(entry, ts=closes.get((entry.symbol, entry.ts), entry.ts))
        if isinstance(entry, Signal)
        else entry
        for entry in entries
    ]


def count_starts(entries: Iterable[Signal | Command], closes: Closes, with_bars: set[str]) -> tuple[int, int]:
    """How many signals bear such a time, of how many whose symbol has bars."""
    ours = [entry for entry in entries if isinstance(entry, Signal) and entry.symbol in with_bars]
    return sum((entry.symbol, entry.ts) in closes for entry in ours), len(ours)
