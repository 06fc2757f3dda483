"""Which columns the result files have, in which order. Columns are only ever added at the end."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from schemas.messages import Decision, Equity, Fill, Order, Output, Position, SliceTimer, Trade
from schemas.text.spreadsheets import as_text
from streams.files.writing.text import decimal_text, list_text, plain_text, time_text

_DECIMALS = frozenset(
    "quantity price fee entry_price exit_price pnl pnl_pct fees equity cash unrealised realised drawdown"
    " arrival slippage gross_pnl entry_notional mae mfe filled limit_price stop_price average_price cost mark"
    " stop target trailing exposure reserved balance".split()
)
_TIMES = frozenset("ts due created entry_ts exit_ts opened time_limit".split())


@dataclass(frozen=True, slots=True)
class Layout:
    """A result file: what it holds, its columns, and how each is written."""

    file: str
    message: type[Output]
    columns: tuple[str, ...]

    def writers(self) -> list[tuple[str, Callable[[Any], str]]]:
        return [(column, _writer(column)) for column in self.columns]


def _writer(column: str) -> Callable[[Any], str]:
    if column in _DECIMALS:
        return decimal_text
    if column in _TIMES:
        return time_text
    return _tags if column == "tags" else _words


def _words(value: object) -> str:
    return as_text(value) if isinstance(value, str) else plain_text(value)


def _tags(values: tuple[str, ...]) -> str:
    return as_text(list_text(values))


def _layout(message: type[Output], file: str, columns: str) -> Layout:
    return Layout(file, message, tuple(columns.split()))


FILLS = _layout(
    Fill,
    "fills.csv",
    "fill_id order_id account symbol side quantity price fee ts"
    " purpose lot_id trade_id plan_id slice_number signal_id arrival slippage ambiguous",
)
TRADES = _layout(
    Trade,
    "trades.csv",
    "trade_id account symbol side quantity entry_price exit_price entry_ts exit_ts pnl pnl_pct fees"
    " exit_reason outcome signal_id gross_pnl source plan_id entry_notional mae mfe slices ambiguous"
    " confidence tags",
)
DECISIONS = _layout(
    Decision,
    "decisions.csv",
    "ts account symbol signal_id decision reason measured limit decision_id source command_id plan_id",
)
EQUITY = _layout(
    Equity,
    "equity.csv",
    "ts account equity cash unrealised drawdown realised exposure reserved day_end equity_id"
    " balance day year_days",
)
ORDERS = _layout(
    Order,
    "orders.csv",
    "order_id account symbol side order_type state quantity filled average_price limit_price stop_price"
    " fees created ts time_in_force purpose reason plan_id slice_number lot_id signal_id command_id",
)
SLICES = _layout(
    SliceTimer,
    "slices.csv",
    "slice_id account plan_id symbol side number of state quantity due ts condition reason measured limit"
    " arrival order_id signal_id mark",
)
POSITIONS = _layout(
    Position,
    "positions.csv",
    "position_id account symbol side quantity average_price cost mark unrealised realised fees opened ts"
    " stop target trailing time_limit signal_id plan_id",
)

EVERY_ROW = (FILLS, TRADES, DECISIONS, EQUITY)
"""Each message is a row."""
LAST_STATE = (ORDERS, SLICES, POSITIONS)
"""Each thing is a row, as it was last."""
