"""What a trader reads in the terminal: an account's result, its trades, its slices."""

from collections.abc import Iterable, Sequence
from typing import Any

from schemas.messages import Fill, SliceTimer, Trade
from streams.clients.decimals import two_digits
from streams.engine.model.units import ONE, SECOND
from streams.files.writing.text import decimal_text, time_text


def table(heads: Sequence[str], rows: Iterable[Sequence[str]], left: int) -> list[str]:
    """Aligned columns: the first `left` to the left, the others to the right."""
    lines = [list(heads), *[list(row) for row in rows]]
    widths = [max(len(line[at]) for line in lines) for at in range(len(heads))]
    return [
        "  ".join(
            cell.ljust(width) if at < left else cell.rjust(width)
            for at, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    ]


def account_lines(name: str, summary: dict[str, Any]) -> list[str]:
    """An account's figures, those that are defined."""
    trades = summary["trades"]
    counts = f"{trades} ({summary['wins']} won, {summary['losses']} lost)" if trades else "none"
    figures = [
        ("equity", f"{amount(summary['start_equity'])} → {amount(summary['end_equity'])}"),
        ("return", percent(summary["total_return"], sign=True)),
        ("trades", counts),
        ("win rate", percent(summary["win_rate"])),
        ("profit factor", ratio(summary["profit_factor"])),
        ("average trade", amount(summary["expectancy"])),
        ("net P&L of trades", amount(summary["net_pnl"])),
        ("fees", amount(summary["fees"])),
        ("max drawdown", percent(summary["max_drawdown"])),
        ("Sharpe", ratio(summary["sharpe"])),
        ("accepted", verdict(summary, "accepted")),
        ("refused", verdict(summary, "refused")),
        ("skipped slices", verdict(summary, "skipped")),
        ("expired", verdict(summary, "expired")),
        ("duplicate", verdict(summary, "duplicate")),
        ("late", verdict(summary, "late")),
    ]
    return [name, *(f"  {what:18}{figure}" for what, figure in figures if figure)]


def verdict(summary: dict[str, Any], name: str) -> str:
    """How often, and for which reasons."""
    reasons: dict[str, int] = summary["decisions"].get(name, {})
    said = [f"{reason} {count}" for reason, count in sorted(reasons.items(), key=_often) if reason]
    return f"{sum(reasons.values())}" + (f" ({', '.join(said)})" if said else "") if reasons else ""


def _often(item: tuple[str, int]) -> tuple[int, str]:
    return -item[1], item[0]


def trade_lines(trades: Iterable[Trade]) -> list[str]:
    heads = ("symbol", "side", "entered", "left", "why", "quantity", "entry", "exit", "P&L", "%")
    rows = [
        (
            trade.symbol,
            trade.side,
            clock(trade.entry_ts),
            clock(trade.exit_ts),
            trade.exit_reason,
            decimal_text(trade.quantity),
            cents(trade.entry_price),
            cents(trade.exit_price),
            cents(trade.pnl, sign=True),
            cents(trade.pnl_pct, sign=True),
        )
        for trade in trades
    ]
    return table(heads, rows, left=5)


def slice_lines(slices: Iterable[SliceTimer], fills: dict[str, Fill]) -> list[str]:
    """Each plan's slices in a block; `fills` are the first fills by order."""
    lines: list[str] = []
    plan = ""
    for one in slices:
        if one.plan_id != plan:
            plan = one.plan_id
            lines.append(f"{one.symbol}  signal {one.signal_id or '-'}, arrival price {cents(one.arrival)}")
        lines.append(f"  {one.number} of {one.of}  {clock(one.ts)}  {_outcome(one, fills)}")
    return lines


def _outcome(one: SliceTimer, fills: dict[str, Fill]) -> str:
    """What became of a slice, and why it did not enter."""
    if one.state == "released":
        fill = fills.get(one.order_id or "")
        if fill is None:
            return "released, not filled"
        worse = (fill.price - one.arrival) * (1 if one.side == "buy" else -1)
        done = "bought" if one.side == "buy" else "sold"
        bps = 10_000 * worse / one.arrival
        return f"{done} {decimal_text(fill.quantity)} at {cents(fill.price)}, {bps:+.0f} bp from arrival"
    if one.state == "skipped":
        return f"skipped: {_why(one)}"
    return f"{one.state}: {one.reason.replace('_', ' ')}" if one.reason else one.state


def _why(one: SliceTimer) -> str:
    if one.measured is None or one.limit is None:
        return one.reason
    return f"{one.reason} was {one.measured:g}, needed {one.limit:g}"


def amount(text: str | None) -> str:
    """A decimal text to the cent, with thousands apart."""
    return "" if text is None else f"{float(text):,.2f}"


def percent(share: float | None, *, sign: bool = False) -> str:
    if share is None:
        return ""
    return f"{two_digits(100 * share, sign=sign)}%"


def ratio(value: float | None) -> str:
    return "" if value is None else f"{value:.2f}"


def cents(units: int, *, sign: bool = False) -> str:
    return two_digits(units / ONE, sign=sign)


def clock(micros: int) -> str:
    """The time of day in UTC, to the second."""
    return time_text(micros - micros % SECOND)[11:19]
