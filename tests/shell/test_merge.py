"""Several market files as one."""

from collections.abc import Iterator

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from schemas.columns import BAR, TICK, Columns
from streams.engine.model.units import MINUTE
from streams.files.merge import merged

Row = tuple[int, str]

files_of_rows = st.lists(
    st.lists(st.tuples(st.integers(0, 20), st.sampled_from("ABC")), max_size=12), min_size=1, max_size=4
)


def columns_of(rows: list[Row], number: int) -> Columns:
    names = list(dict.fromkeys(symbol for _, symbol in rows))
    symbol = np.array([names.index(name) for _, name in rows], np.int32)
    ts = np.array([ts for ts, _ in rows], np.int64)
    mark = np.full(len(rows), number, np.int64)
    return Columns(names, symbol, ts, mark, mark, mark, mark)


def batches_of(rows: list[Row], number: int, length: int) -> Iterator[Columns]:
    for at in range(0, len(rows), length):
        yield columns_of(rows[at : at + length], number)


def read(market: Iterator[Columns]) -> list[tuple[int, str, int]]:
    found = []
    for columns in market:
        rows = zip(columns.ts.tolist(), columns.symbol.tolist(), columns.price.tolist(), strict=True)
        found += [(ts, columns.names[symbol], number) for ts, symbol, number in rows]
    return found


def by_heads(files: list[list[Row]]) -> list[tuple[int, str, int]]:
    """The naive merge: always the file whose next record is the earliest, the first of equals."""
    waiting = [list(file) for file in files]
    merged_rows = []
    while any(waiting):
        number = min((at for at in range(len(files)) if waiting[at]), key=lambda at: (waiting[at][0][0], at))
        ts, symbol = waiting[number].pop(0)
        merged_rows.append((ts, symbol, number))
    return merged_rows


@given(files_of_rows, st.integers(1, 5))
def test_the_merge_is_the_naive_one_however_the_files_are_cut(files, length):
    market = merged([batches_of(rows, number, length) for number, rows in enumerate(files)])
    assert read(market) == by_heads(files)


def test_a_bar_has_its_place_where_it_is_known():
    ticks = columns_of([(0, "A"), (MINUTE - 1, "A"), (MINUTE + 1, "A")], 1)
    bars = columns_of([(0, "B"), (MINUTE, "B")], 2)
    bars.kind = np.full(2, BAR, np.int8)
    bars.open = bars.high = bars.low = bars.price
    bars.interval = np.full(2, MINUTE, np.int64)
    (first, *rest) = list(merged([iter([ticks]), iter([bars])]))
    assert read(iter([first, *rest])) == [
        (0, "A", 1),
        (MINUTE - 1, "A", 1),
        (0, "B", 2),
        (MINUTE + 1, "A", 1),
        (MINUTE, "B", 2),
    ]
    assert first.kind is not None and set(first.kind.tolist()) <= {TICK, BAR}
