"""Lines of `equity.csv` for quiet minutes: columns, for there is one a minute.

Rules of this file: the bytes are those that the layout's writers give cell by cell. No account's name needs
quotation marks.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from schemas.columns import Ints
from schemas.text.spreadsheets import as_text
from streams.engine.account.equity_rows import CHANGING, CONSTANT, EquityRows
from streams.engine.shard.told import ToldMinutes
from streams.files.arrays import from_numbers, from_texts
from streams.files.writing.column_texts import decimal_texts, time_texts
from streams.files.writing.layouts import EQUITY
from streams.files.writing.text import decimal_text, plain_text

COMMA, NUMBERED, NOTHING, NO, END = from_texts([",", "-e", "", plain_text(value=False), "\n"])

MOST = 1 << 18
"""So many lines, about, are in memory at once: of all accounts together."""


class SingleLine(NamedTuple):
    """Of a row that is no quiet minute's."""

    row: int
    number: int
    """The account's."""
    text: str


def lines_in_order(
    singles: Sequence[SingleLine], minutes: Sequence[ToldMinutes], most: int = MOST
) -> Iterator[pa.Array]:
    """The lines of a batch, by record, then by account."""
    count = sum(len(part.rows) for part in minutes)
    last = max([-1, *(single.row for single in singles), *(int(part.rows[-1]) for part in minutes)])
    edges = [-1, *range(0, last + 1, max(1, most * (last + 1) // max(count, 1))), last + 1]
    for first, end in pairwise(edges):
        some = [single for single in singles if first <= single.row < end]
        parts = [found for part in minutes if len((found := part.between(first, end)).rows)]
        if some or parts:
            yield _in_order(some, parts)


def _in_order(singles: Sequence[SingleLine], minutes: Sequence[ToldMinutes]) -> pa.Array:
    rows = [np.array([single.row for single in singles], np.int64), *(part.rows for part in minutes)]
    numbers = [np.array([single.number for single in singles], np.int64)]
    numbers += [np.full(len(part.rows), part.number) for part in minutes]
    texts = [from_texts(single.text for single in singles)]
    if minutes:
        texts.append(equity_lines([part.equity for part in minutes]))
    order = np.lexsort((np.concatenate(numbers), np.concatenate(rows)))
    return pa.concat_arrays(texts).take(from_numbers(order))


def equity_lines(parts: Sequence[EquityRows]) -> pa.Array:
    """For each row a line with its end."""
    piece = from_numbers(np.repeat(np.arange(len(parts)), [len(part) for part in parts]))

    def changing(name: str) -> Ints:
        return np.concatenate([getattr(part, name) for part in parts])

    def same(texts: Iterable[str]) -> pa.Array:
        return from_texts(texts).take(piece)

    account = same(as_text(part.account) for part in parts)
    number = np.concatenate([np.arange(part.before, part.before + len(part)) + 1 for part in parts])
    cells: dict[str, Any] = {name: decimal_texts(changing(name)) for name in CHANGING if name != "ts"}
    cells |= {name: same(decimal_text(getattr(part, name)) for part in parts) for name in CONSTANT}
    cells |= {"ts": time_texts(changing("ts")), "account": account}
    cells |= {"day_end": NO, "day": NOTHING, "year_days": END}
    cells["equity_id"] = pc.binary_join_element_wise(
        account, pc.cast(from_numbers(number), pa.string()), NUMBERED
    )
    return pc.binary_join_element_wise(*(cells[column] for column in EQUITY.columns), COMMA)
