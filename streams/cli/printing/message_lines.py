"""A message as a line for people: aligned columns that grow with what comes, times in ISO."""

import struct
from collections.abc import Mapping
from typing import Any

from schemas.codec import default_codec
from schemas.kinds import TickBatch, kind_of
from schemas.messages import Message
from schemas.text.numbers import decimal_text, time_text

LAYOUTS: Mapping[str, str] = {
    "signal": "ts source symbol side price confidence take_profit stop_loss features signal_id",
    "command": "ts account kind symbol side order_type quantity limit_price stop_price settings command_id",
    "tick": "ts symbol price size bid ask",
    "tick-batch": "ts symbol ticks price",
    "bar": "ts symbol interval open high low close volume",
    "clock": "ts feed",
    "decision": "ts account decision symbol reason measured limit source signal_id command_id plan_id",
    "slice-timer": "ts account symbol side number of state quantity due condition reason measured limit"
    " plan_id",
    "order": "ts account symbol side order_type quantity limit_price stop_price state filled average_price"
    " purpose reason order_id",
    "fill": "ts account symbol side quantity price fee purpose order_id",
    "trade": "exit_ts account symbol side quantity entry_price exit_price pnl pnl_pct outcome exit_reason"
    " trade_id",
    "position": "ts account symbol side quantity average_price mark unrealised stop target position_id",
    "equity": "ts account equity cash unrealised realised drawdown exposure",
    "alert": "ts account kind symbol text",
    "dead-letter": "ts topic partition offset reason",
}
"""The fields of each kind, in the order in which they are shown. The last may be of any length."""

NUMBERS = frozenset(
    "price confidence take_profit stop_loss quantity limit_price stop_price size bid ask open high low close"
    " volume ticks measured limit number of filled average_price fee entry_price exit_price pnl pnl_pct mark"
    " unrealised stop target equity cash realised drawdown exposure partition offset".split()
)
WIDTHS = {"ts": 27, "exit_ts": 27, "due": 27, "account": 12, "symbol": 8, "state": 9, "decision": 8}
USUAL_WIDTH = 6


class Lines:
    """Writes messages as lines; a kind's first is preceded by the names of its columns."""

    def __init__(self) -> None:
        self._widths: dict[str, list[int]] = {}

    def of(self, message: Message) -> list[str]:
        kind = kind_of(message)
        names = LAYOUTS[kind].split()
        lines = []
        if kind not in self._widths:
            self._widths[kind] = [max(len(name), WIDTHS.get(name, USUAL_WIDTH)) for name in names]
            lines.append(self._line(kind, names, names))
        document = _document(message)
        return [*lines, self._line(kind, names, [_text(document.get(name)) for name in names])]

    def _line(self, kind: str, names: list[str], cells: list[str]) -> str:
        widths = self._widths[kind]
        last = len(names) - 1
        for at, cell in enumerate(cells[:last]):
            widths[at] = max(widths[at], len(cell))
        padded = [
            cell if at == last else cell.rjust(width) if name in NUMBERS else cell.ljust(width)
            for at, (name, cell, width) in enumerate(zip(names, cells, widths, strict=True))
        ]
        return "  ".join(padded).rstrip()


def _document(message: Message) -> dict[str, Any]:
    if isinstance(message, TickBatch):
        ticks = len(message)
        (ts,) = struct.unpack_from("<q", message.ts)
        (price,) = struct.unpack_from("<q", message.price, 8 * (ticks - 1))
        return {"ts": time_text(ts), "symbol": message.symbol, "ticks": ticks, "price": decimal_text(price)}
    return default_codec().write_json(message)


def _text(value: object) -> str:
    """One cell: it has no line breaks."""
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, dict):
        return " ".join(f"{name}={_text(each)}" for name, each in value.items())
    return " ".join(str(value).split())
