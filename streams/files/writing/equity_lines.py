"""Lines of `equity.csv` for quiet minutes: columns, for there is one a minute.

Rules of this file: the bytes are those that the layout's writers give cell by cell. No account's name needs
quotation marks.
"""

from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from schemas.columns import Ints
from schemas.text.spreadsheets import as_text
from streams.engine.account.equity_rows import EquityRows
from streams.engine.shard.told import ToldMinutes
from streams.files.arrays import from_numbers, from_texts
from streams.files.writing.layouts import EQUITY
from streams.files.writing.text import decimal_text, decimal_texts, plain_text, time_texts

COMMA, NUMBERED, NOTHING, NO, END = from_texts([",", "-e", "", plain_text(value=False), "\n"])


MOST = 1 << 18
"""So many lines, about, are in memory at once: of all accounts together."""


def lines_in_order(
    singles: Sequence[tuple[int, int, str]], minutes: Sequence[ToldMinutes], most: int = MOST
) -> Iterator[pa.Array]:
    """The lines of a batch, by record, then by account. `singles`: record, number of the account, line."""
    count = sum(len(part.rows) for part in minutes)
    last = max([*(row for row, _, _ in singles), *(int(part.rows[-1]) for part in minutes)])
    edges = [-1, *range(0, last + 1, max(1, most * (last + 1) // max(count, 1))), last + 1]
    for first, end in pairwise(edges):
        some = [single for single in singles if first <= single[0] < end]
        parts = [found for part in minutes if len((found := part.between(first, end)).rows)]
        if some or parts:
            yield _in_order(some, parts)


def _in_order(singles: Sequence[tuple[int, int, str]], minutes: Sequence[ToldMinutes]) -> pa.Array:
    rows = np.concatenate(
        [np.array([row for row, _, _ in singles], np.int64), *(part.rows for part in minutes)]
    )
    lengths = [len(part.rows) for part in minutes]
    numbers = [np.array([number for _, number, _ in singles], np.int64)]
    numbers.append(np.repeat(np.array([part.number for part in minutes], np.int64), lengths))
    texts = [from_texts(line for _, _, line in singles)]
    if minutes:
        texts.append(equity_lines([part.equity for part in minutes]))
    order = np.lexsort((np.concatenate(numbers), rows))
    return pa.concat_arrays(texts).take(from_numbers(order))


def equity_lines(parts: Sequence[EquityRows]) -> pa.Array:
    """For each row a line with its end."""
    piece = from_numbers(np.repeat(np.arange(len(parts)), [len(part) for part in parts]))

    def each(column: Callable[[EquityRows], Ints]) -> Ints:
        return np.concatenate([column(part) for part in parts])

    def same(text: Callable[[EquityRows], str]) -> pa.Array:
        return from_texts(map(text, parts)).take(piece)

    account = same(lambda part: as_text(part.account))
    number = each(lambda part: np.arange(part.before, part.before + len(part)) + 1)
    cells: dict[str, Any] = {
        "ts": time_texts(each(lambda part: part.ts)),
        "account": account,
        "equity": decimal_texts(each(lambda part: part.equity)),
        "cash": same(lambda part: decimal_text(part.cash)),
        "unrealised": decimal_texts(each(lambda part: part.unrealised)),
        "drawdown": decimal_texts(each(lambda part: part.drawdown)),
        "realised": same(lambda part: decimal_text(part.realised)),
        "exposure": decimal_texts(each(lambda part: part.exposure)),
        "reserved": same(lambda part: decimal_text(part.reserved)),
        "day_end": NO,
        "equity_id": pc.binary_join_element_wise(
            account, pc.cast(from_numbers(number), pa.string()), NUMBERED
        ),
        "balance": same(lambda part: decimal_text(part.balance)),
        "day": NOTHING,
        "year_days": END,
    }
    return pc.binary_join_element_wise(*(cells[column] for column in EQUITY.columns), COMMA)
