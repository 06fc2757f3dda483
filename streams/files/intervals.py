"""How long the bars of a file are: the smallest positive gap between consecutive bars of one symbol."""

from collections.abc import Iterable, Iterator

import numpy as np

from schemas.columns import Columns, Ints
from streams.engine.units import MINUTE


def usual_interval(file: Iterable[Columns]) -> int:
    """In microseconds; a minute when no symbol has two bars."""
    newest: dict[str, int] = {}
    smallest: list[int] = []
    for columns in file:
        for name, times in _by_symbol(columns):
            before = newest.get(name)
            gaps = np.diff(times if before is None else np.concatenate(([before], times)))
            gaps = gaps[gaps > 0]
            if len(gaps):
                smallest = [min([int(gaps.min()), *smallest])]
            newest[name] = int(times[-1])
    return min(smallest, default=MINUTE)


def _by_symbol(columns: Columns) -> Iterator[tuple[str, Ints]]:
    order = np.argsort(columns.symbol, kind="stable")
    symbol = columns.symbol[order]
    starts = np.flatnonzero(np.concatenate(([True], symbol[1:] != symbol[:-1])))
    for start, times in zip(starts, np.split(columns.ts[order], starts[1:]), strict=True):
        yield columns.names[int(symbol[start])], times
