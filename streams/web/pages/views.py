"""What each page shows now: pieces of markup by name, and rows of tables by key.

Rules of this file: a view is made anew whenever it is looked at; who compares two of them knows what changed.
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from schemas.messages import Alert, DeadLetter, Decision, Equity, Fill, Signal, Trade
from sinks.database import DatabaseError
from streams.engine.orders import Order
from streams.web.instance import Instance
from streams.web.pages.rendering import piece, spark
from streams.web.standing import Standing

FEW, MANY = 12, 100


@dataclass
class View:
    """One page at one moment."""

    title: str
    pieces: dict[str, str] = field(default_factory=dict)
    lists: dict[str, dict[str, str]] = field(default_factory=dict)
    """Rows in their order, by table."""

    def rows(self, name: str, macro: str, things: Iterable[tuple[str, Any]]) -> None:
        self.lists[name] = {key: piece(macro, key, thing) for key, thing in things}


Make = Callable[[Instance], Awaitable[View]]


def common(here: Instance, view: View) -> View:
    """What every page has: what is wrong, and the markets' time."""
    newest = max(here.live.times.values(), default=0)
    view.pieces["troubles"] = piece("troubles", here.health.troubles(), here.live.is_whole)
    view.pieces["market-time"] = piece("market_time", newest)
    return view


# All accounts ----------------------------------------------------------------------------------


async def overview(here: Instance) -> View:
    live = here.live
    view = common(here, View("Accounts"))
    standings = [Standing(live, name) for name in sorted(live.accounts)]
    view.pieces["totals"] = piece("totals", totals(standings))
    view.rows("accounts", "account_row", ((each.name, (each, _spark(here, each.name))) for each in standings))
    view.pieces["no-accounts"] = "" if standings else piece("no_accounts", live.is_whole)
    view.rows("signals", "signal_row", _signals(here, FEW))
    view.rows("happened", "happened_row", _happened(here, FEW))
    return view


def totals(standings: list[Standing]) -> dict[str, Any]:
    return {
        "accounts": len(standings),
        "equity": sum(each.equity for each in standings),
        "day_pnl": sum(each.day_pnl for each in standings),
        "unrealised": sum(each.unrealised for each in standings),
        "risk": sum(each.risk for each in standings),
        "positions": sum(len(each.holdings) for each in standings),
        "slices": sum(len(each.waiting) for each in standings),
    }


def _spark(here: Instance, account: str) -> Any:
    return spark([row.equity for row in here.live.recent.held(Equity, account)])


def _signals(here: Instance, most: int) -> list[tuple[str, Any]]:
    """The last signals, with what was decided of each."""
    decided: dict[str, dict[str, Decision]] = {}
    for decision in here.live.newest(Decision, most=MANY * 10):
        if decision.signal_id is not None and decision.decision not in ("skipped", "late"):
            decided.setdefault(decision.signal_id, {}).setdefault(decision.account, decision)
    return [
        (f"{signal.source}/{signal.signal_id}", (signal, list(decided.get(signal.signal_id, {}).values())))
        for signal in here.live.newest(Signal, most=most)
    ]


def _happened(here: Instance, most: int) -> list[tuple[str, Any]]:
    """The last fills that entered, and trades."""
    entries = [
        (fill.ts, fill.fill_id, fill)
        for fill in here.live.newest(Fill, most=4 * most)
        if fill.purpose == "entry"
    ]
    exits = [(trade.exit_ts, trade.trade_id, trade) for trade in here.live.newest(Trade, most=most)]
    found = sorted([*entries, *exits], key=lambda each: each[:2], reverse=True)
    return [(key, thing) for _, key, thing in found[:most]]


# One account -----------------------------------------------------------------------------------


def account(name: str) -> Make:
    async def make(here: Instance) -> View:
        live = here.live
        view = common(here, View(name))
        if name not in live.accounts:
            view.pieces["account-state"] = piece("account_gone", name, live.is_whole)
            return view
        standing = Standing(live, name)
        view.pieces["account-state"] = piece("account_state", standing)
        view.pieces["account-actions"] = piece("account_actions", standing)
        view.pieces["tiles"] = piece("tiles", standing)
        view.rows(
            "positions", "position_row", ((each.lot.lot_id, (standing, each)) for each in standing.holdings)
        )
        view.rows("slices", "slice_row", _slices(standing))
        view.rows(
            "orders", "order_row", ((order.order_id, (standing, order)) for order in _waiting(standing))
        )
        decisions = live.newest(Decision, name, FEW)
        view.rows("decisions", "decision_row", ((each.decision_id, each) for each in decisions))
        view.rows("trades", "trade_row", ((each.trade_id, each) for each in live.newest(Trade, name, FEW)))
        view.rows("alerts", "alert_row", ((each.alert_id, each) for each in live.newest(Alert, name, FEW)))
        for empty, text in EMPTY.items():
            view.pieces[f"no-{empty}"] = "" if view.lists[empty] else piece("empty", text)
        await _stored(here, name, view)
        return view

    return make


EMPTY = {
    "positions": "Nothing is held.",
    "slices": "No slice is waiting.",
    "orders": "No order is open.",
    "decisions": "Nothing has been decided since this page began to listen.",
    "trades": "No trade has ended since this page began to listen.",
}


def _slices(standing: Standing) -> list[tuple[str, Any]]:
    return [(f"{each.plan.plan_id}.{each.planned.number}", (standing, each)) for each in standing.waiting]


def _waiting(standing: Standing) -> list[Order]:
    """Open orders that have something left."""
    return [order for order in standing.orders if order.is_open]


async def _stored(here: Instance, name: str, view: View) -> None:
    """What ClickHouse knows; while it is away, what was shown stays."""
    try:
        (performance,) = (await here.results.ask("performance", account=name)).dicts() or [{}]
        slices = (await here.results.ask("slice-effectiveness", account=name)).dicts()
        sources = (await here.results.ask("pnl-by-source", account=name)).dicts()
        symbols = (await here.results.ask("pnl-by-symbol", account=name)).dicts()
        theories = (await here.results.ask("theories", account=name)).dicts()
    except DatabaseError:
        return
    view.pieces["performance"] = piece("performance", performance)
    view.pieces["slice-effectiveness"] = piece("slice_effectiveness", slices)
    view.pieces["attribution"] = piece(
        "attribution", _largest(sources), _largest(symbols), _largest(theories)
    )


def _largest(rows: list[dict[str, Any]]) -> tuple[list[dict[str, Any]], Decimal]:
    """Rows, and the largest P&L among them, for bars."""
    return rows, max((abs(row["pnl"]) for row in rows), default=Decimal(0))


# Signals and the system ------------------------------------------------------------------------


async def signals(here: Instance) -> View:
    view = common(here, View("Signals"))
    view.rows("signals", "signal_row", _signals(here, MANY))
    view.pieces["no-signals"] = "" if view.lists["signals"] else piece("empty", "No signal has come yet.")
    return view


async def system(here: Instance) -> View:
    view = common(here, View("System"))
    condition: Mapping[str, Any] = here.health.condition or {}
    view.pieces["looked"] = piece("looked", here.health.looked_at, condition.get("endpoints", {}))
    view.rows("workers", "worker_row", ((each["name"], each) for each in condition.get("workers", [])))
    view.rows("groups", "group_row", ((each["group"], each) for each in condition.get("groups", [])))
    view.rows("markets", "market_row", ((each["market"], each) for each in condition.get("markets", [])))
    view.rows("shards", "shard_row", ((str(each["shard"]), each) for each in condition.get("shards", [])))
    view.rows("rates", "rate_row", sorted(here.health.rates.items()))
    letters = list(reversed(here.live.lately[DeadLetter]))[:FEW]
    view.rows(
        "letters",
        "letter_row",
        ((f"{each.place.partition}-{each.place.offset}", each.message) for each in letters),
    )
    view.pieces["no-letters"] = "" if letters else piece("empty", "Every record could be read.")
    return view
