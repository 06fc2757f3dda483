"""Lines of `equity.csv` for quiet minutes: columns, for there is one a minute.

Rules of this file: the bytes are those that the layout's writers give cell by cell. No account's name needs
quotation marks.
"""

from collections.abc import Iterable, Sequence
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


class MinuteLines(NamedTuple):
    """Lines of quiet minutes, with their ends."""

    rows: Ints
    """Which records of the batch began them."""
    numbers: Ints
    """The accounts'."""
    texts: pa.Array


def minute_lines(parts: Sequence[ToldMinutes]) -> MinuteLines:
    return MinuteLines(
        np.concatenate([part.rows for part in parts]),
        np.repeat([part.number for part in parts], [len(part.rows) for part in parts]),
        equity_lines([part.equity for part in parts]),
    )


def in_order(parts: Sequence[MinuteLines]) -> pa.Array:
    """By record, then by account; equals as they are given."""
    order = np.lexsort(
        (np.concatenate([part.numbers for part in parts]), np.concatenate([part.rows for part in parts]))
    )
    return pa.concat_arrays([part.texts for part in parts]).take(from_numbers(order))


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
