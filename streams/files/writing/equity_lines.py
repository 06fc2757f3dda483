"""Lines of `equity.csv` for quiet minutes: columns, for there is one a minute.

Rules of this file: the bytes are those that the layout's writers give cell by cell. No account's name needs
quotation marks.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from schemas.columns import Ints
from schemas.text.spreadsheets import as_text
from streams.engine.account.equity_rows import EquityRows
from streams.files.arrays import from_numbers, from_texts
from streams.files.writing.layouts import EQUITY
from streams.files.writing.text import decimal_text, decimal_texts, plain_text, time_texts

COMMA, NUMBERED, NOTHING, NO, END = from_texts([",", "-e", "", plain_text(value=False), "\n"])


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
