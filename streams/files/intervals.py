"""How long the bars of a file are: as it says, else the smallest gap between two bars of one symbol."""

from collections.abc import Iterable, Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from schemas.columns import NOT_KNOWN, Columns, Ints
from schemas.errors import MessageError
from schemas.numbers import duration
from streams.engine.units import MINUTE
from streams.files.decimals import Converted


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


def to_intervals(column: pa.Array) -> Converted:
    """A column of durations such as 5m, or of microseconds; a file has few different ones."""
    words = pc.dictionary_encode(pc.cast(column, pa.string()))
    known = [_interval(word) for word in words.dictionary.to_pylist()]
    missing = words.indices.is_null().to_numpy(zero_copy_only=False)
    found = np.array([*known, NOT_KNOWN], np.int64)
    values = found[pc.fill_null(words.indices, len(known)).to_numpy(zero_copy_only=False)]
    return Converted(values, missing, (values <= 0) & ~missing)


def _interval(word: str) -> int:
    """Microseconds; 0 when it is no duration."""
    try:
        return duration("interval", int(word) if word.strip().isdigit() else word.strip())
    except MessageError:
        return 0
