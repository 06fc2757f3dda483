"""Outputs in the words of the tables, for whoever reads a failure."""

from schemas.messages import Alert, Decision, Equity, Fill, Order, Output, Position, SliceTimer, Trade
from streams.engine.model.units import ONE

from .table import BASE, TableError


def decimal(value: int | None) -> str:
    if value is None:
        return "none"
    sign, whole, rest = "-" if value < 0 else "", abs(value) // ONE, abs(value) % ONE
    return f"{sign}{whole}" + (f".{rest:08d}".rstrip("0") if rest else "")


def clock(ts: int) -> str:
    return f"{decimal((ts - BASE) * 100)}s"


def said(output: Output) -> str:
    """An output in the words of the tables."""
    match output:
        case Fill():
            line = f"fill {output.side} {decimal(output.quantity)} @ {decimal(output.price)}"
            flag = " ambiguous" if output.ambiguous else ""
            return (
                f"{line} t {clock(output.ts)} fee {decimal(output.fee)} for {output.purpose}"
                f" slip {decimal(output.slippage)} sym {output.symbol} order {output.order_id}{flag}"
            )
        case Trade():
            line = f"trade {output.side} {decimal(output.quantity)} {decimal(output.entry_price)}"
            flag = " ambiguous" if output.ambiguous else ""
            return (
                f"{line} -> {decimal(output.exit_price)} pnl {decimal(output.pnl)} pct {decimal(output.pnl_pct)}"
                f" fees {decimal(output.fees)} gross {decimal(output.gross_pnl)} mae {decimal(output.mae)}"
                f" mfe {decimal(output.mfe)} {output.exit_reason} {output.outcome}{flag} slices {output.slices}"
            )
        case Decision():
            who = output.signal_id or output.command_id or ""
            measured = "" if output.measured is None else f" measured {output.measured:.12g}"
            limit = "" if output.limit is None else f" limit {output.limit:.12g}"
            return f"{output.decision} {who} {output.reason}{measured}{limit} (t {clock(output.ts)})"
        case Order():
            prices = "".join(
                f" {name} {decimal(value)}"
                for name, value in (("limit", output.limit_price), ("stop", output.stop_price))
                if value is not None
            )
            return (
                f"order {output.order_id} {output.state} reason {output.reason or '-'} type {output.order_type}"
                f" {output.side} qty {decimal(output.quantity)} done {decimal(output.filled)}{prices}"
                f" for {output.purpose} t {clock(output.ts)} fees {decimal(output.fees)}"
            )
        case SliceTimer():
            measured = (
                "" if output.measured is None else f" measured {output.measured:.12g} limit {output.limit}"
            )
            return (
                f"slice {output.number} {output.state} {output.reason}{measured} qty {decimal(output.quantity)}"
                f" due {clock(output.due)} t {clock(output.ts)} plan {output.plan_id}"
            )
        case Equity():
            return (
                f"equity {clock(output.ts)} {decimal(output.equity)} cash {decimal(output.cash)}"
                f" unrealised {decimal(output.unrealised)} realised {decimal(output.realised)}"
                f" dd {decimal(output.drawdown)} reserved {decimal(output.reserved)}"
                f" exposure {decimal(output.exposure)}{' day_end' if output.day_end else ''}"
            )
        case Position():
            levels = "".join(
                f" {name} {decimal(value)}"
                for name, value in (
                    ("stop", output.stop),
                    ("target", output.target),
                    ("trailing", output.trailing),
                )
                if value is not None
            )
            line = f"position {output.symbol} {output.side} {decimal(output.quantity)}"
            return f"{line} @ {decimal(output.average_price)}{levels} cost {decimal(output.cost)} (t {clock(output.ts)})"
        case Alert():
            return f"alert {output.kind} {output.text}"
    raise TableError(f"an output of an unknown kind: {output!r}")
