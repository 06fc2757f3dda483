"""What each page shows now: pieces of markup by name, and rows of tables by key.

Rules of this file: a view is made anew whenever it is looked at; comparing two of them tells what changed.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, NamedTuple

from schemas.messages import Alert, DeadLetter, Decision, Equity, Fill, Message, Signal, Trade
from sinks.database.database import DatabaseError
from streams.clients.traces import steps, with_waiting
from streams.clients.waits import waits, yet_to_decide
from streams.engine.model.orders import Order
from streams.engine.model.state import AccountState
from streams.engine.model.units import MINUTE
from streams.transport.contract.machine import Awaited
from streams.web.instance import Instance
from streams.web.lists.all_accounts import totals_of
from streams.web.pages.accounts_wish import AccountsWish, shown
from streams.web.pages.rendering import piece, spark
from streams.web.state.account_now import Standing
from streams.web.state.health import MANY as MANY_BEHIND
from streams.web.state.live_state import A_SIGNAL, LATELY
from streams.web.state.stored import Stored, stored

FEW, MANY = 12, 100
SPAN = 5 * MINUTE
"""A point of the line beside an account."""
DECIDED_IN = 5 * MINUTE
"""An entry waits for its symbol no longer, unless its signal says so."""
STORED_S = 0.3
"""A page waits for ClickHouse no longer; what it has not answered by then comes a little later."""
NOW = ("tiles", "positions", "slices", "orders", "decisions", "trades", "alerts")
"""The panels of an account that show it as it is now; the others are of one moment of what is stored."""
ATTRIBUTION = ("pnl-by-source", "pnl-by-symbol", "theories")
"""What the attribution is made of."""


@dataclass
class View:
    """One page at one moment."""

    title: str
    pieces: dict[str, str] = field(default_factory=dict)
    lists: dict[str, dict[str, str]] = field(default_factory=dict)
    """Rows in their order, by table."""

    def rows(self, name: str, macro: str, things: Iterable[tuple[str, Any]]) -> None:
        self.lists[name] = {key: piece(macro, key, thing) for key, thing in things}

    def say_empty(self, **texts: str) -> None:
        """What stands in place of each table while it has no rows."""
        for name, text in texts.items():
            self.pieces[f"no-{name}"] = "" if self.lists[name] else piece("empty", text)


Make = Callable[[Instance], Awaitable[View]]
EVERY = AccountsWish()


def common(here: Instance, view: View) -> View:
    """What every page has: what is wrong, and the markets' time."""
    newest = max(here.live.times.values(), default=0)
    behind = here.health.sink_lag
    view.pieces["troubles"] = piece(
        "troubles", here.health.troubles(), here.live.is_whole, behind if behind > MANY_BEHIND else 0
    )
    view.pieces["market-time"] = piece("market_time", newest)
    return view


# All accounts ----------------------------------------------------------------------------------


def overview(wish: AccountsWish = EVERY) -> Make:
    async def make(here: Instance) -> View:
        live = here.live
        view = common(here, View("Accounts"))
        glances = await here.everybody.glances()
        there_is = shown(glances, wish)
        standings = [Standing(live, name) for name in there_is.names if name in live.accounts]
        view.pieces["totals"] = piece("totals", totals_of(glances))
        view.pieces["accounts-shown"] = piece("accounts_shown", there_is)
        rows = ((each.name, (each, _spark(here, each.name))) for each in standings)
        view.rows("accounts", "account_row", rows)
        view.pieces["no-accounts"] = "" if standings else piece("no_accounts", live.is_whole, wish.find)
        view.rows("signals", "signal_row", _judged(here, here.live.newest(Signal, most=FEW)))
        view.rows("happened", "happened_row", _happened(here, FEW))
        view.say_empty(signals="No signal has come yet.", happened="No entry yet.")
        return view

    return make


def _spark(here: Instance, account: str) -> Any:
    """Of whole spans, so that it does not change all the time."""
    spans = {row.ts // SPAN: row.equity for row in here.live.recent.held(Equity, account)}
    return spark(list(spans.values())[:-1])


class Verdict(NamedTuple):
    """What several accounts decided alike."""

    decisions: list[Decision]

    @property
    def first(self) -> Decision:
        return self.decisions[0]

    @property
    def accounts(self) -> list[str]:
        return [each.account for each in self.decisions]


Judged = tuple[Signal, list[Verdict], str]
"""A signal, what was decided of it, and what is to be said where not everybody has."""


def _judged(here: Instance, shown: list[Signal]) -> list[tuple[str, Judged]]:
    """Signals by their keys, with what was decided of each."""
    decided: dict[tuple[str, str | None], dict[str, Decision]] = {
        (signal.signal_id, signal.source): {} for signal in shown
    }
    for decision in here.live.newest(Decision, most=LATELY * A_SIGNAL):
        found = decided.get((decision.signal_id or "", decision.source))
        if found is not None and decision.decision not in ("skipped", "late"):
            found.setdefault(decision.account, decision)
    undecided = Undecided(here, {signal.source for signal in shown})
    return [
        (
            f"{signal.source}/{signal.signal_id}",
            (signal, _verdicts(decisions.values()), undecided.said(signal, decisions)),
        )
        for signal in shown
        for decisions in (decided[signal.signal_id, signal.source],)
    ]


class Undecided:
    """What is to be said of signals on which not every account is known to have decided."""

    def __init__(self, here: Instance, sources: Iterable[str]) -> None:
        self._followed = {source for source in sources if here.commander.is_followed(source)}
        self._now = max(here.live.times.values(), default=0)
        self._accounts = _open(here)
        self._awaited = _awaited(here)

    def said(self, signal: Signal, decided: Collection[str]) -> str:
        source, side, symbol = signal.source, signal.side, signal.symbol
        waits = yet_to_decide(source, side, symbol, signal.ts, self._accounts, decided, self._awaited)
        if said := {said for _, said in waits}:
            return "; ".join(sorted(said))
        if decided:
            return ""
        if source not in self._followed:
            return "no account follows this source"
        return "not decided yet" if self._now - signal.ts <= DECIDED_IN else "–"


def _awaited(here: Instance) -> dict[str, Awaited]:
    return waits(here.live.workers.values(), here.live.heard_until)


def _open(here: Instance) -> dict[str, AccountState]:
    return {name: state for name, state in here.live.accounts.items() if state.status != "closed"}


def _verdicts(decisions: Iterable[Decision]) -> list[Verdict]:
    found: dict[tuple[str, str], Verdict] = {}
    for each in decisions:
        found.setdefault((each.decision, each.reason), Verdict([])).decisions.append(each)
    return list(found.values())


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

        def lately(kind: type[Message]) -> list[Any]:
            return live.recent.held(kind, name)[: -FEW - 1 : -1]

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
        view.rows("decisions", "decision_row", ((each.decision_id, each) for each in lately(Decision)))
        view.rows("trades", "trade_row", ((each.trade_id, each) for each in lately(Trade)))
        view.rows("alerts", "alert_row", ((each.alert_id, each) for each in lately(Alert)))
        view.say_empty(**EMPTY)
        for panel in NOW:
            view.pieces[f"as-of-{panel}"] = piece("as_of", standing.now, standing.now)
        await _stored(here, standing, view)
        return view

    return make


EMPTY = {
    "positions": "No open position.",
    "slices": "No slice is waiting.",
    "orders": "No open order.",
    "decisions": "No recent decision.",
    "trades": "No recent trade.",
}


def _slices(standing: Standing) -> list[tuple[str, Any]]:
    return [(f"{each.plan.plan_id}.{each.planned.number}", (standing, each)) for each in standing.waiting]


def _waiting(standing: Standing) -> list[Order]:
    """Open orders that have something left."""
    return [order for order in standing.orders if order.is_open]


async def _stored(here: Instance, standing: Standing, view: View) -> None:
    """What ClickHouse knows; while it is away or slow, what was shown stays, with the time of which it is."""
    with suppress(TimeoutError, DatabaseError):
        async with asyncio.timeout(STORED_S):
            put_stored(view, await stored(here.live, here.results, standing.name), standing.now)


def put_stored(view: View, found: Stored, now: int) -> None:
    answers = found.answers
    pieces = {
        "performance": piece("performance", next(iter(answers["performance"]), {})),
        "slice-effectiveness": piece("slice_effectiveness", answers["slice-effectiveness"]),
        "attribution": piece("attribution", *(_largest(answers[each]) for each in ATTRIBUTION)),
    }
    for panel, markup in pieces.items():
        view.pieces[panel] = markup
        view.pieces[f"as-of-{panel}"] = piece("as_of", found.as_of, now, found.behind_s)


def _largest(rows: list[dict[str, Any]]) -> tuple[list[dict[str, Any]], Decimal]:
    """Rows, and the largest P&L among them, for bars."""
    return rows, max((abs(row["pnl"]) for row in rows), default=Decimal(0))


# Signals and the system ------------------------------------------------------------------------


async def signals(here: Instance) -> View:
    view = common(here, View("Signals"))
    view.rows("signals", "signal_row", _judged(here, here.live.newest(Signal, most=MANY)))
    view.say_empty(signals="No signal has come yet.")
    return view


def signals_with(text: str) -> Make:
    """Those with this in their symbol, source or id: the last ones as they are, then what is stored."""

    async def make(here: Instance) -> View:
        view = common(here, View("Signals"))
        sought = text.casefold()
        lately = here.live.newest(Signal, most=LATELY)
        shown = _judged(here, [each for each in lately if sought in _words_of(each)][:MANY])
        view.rows("signals", "signal_row", shown)
        verdicts = {key: found for key, (_, found, _) in shown}
        with suppress(TimeoutError, DatabaseError):
            for key, row in await _seen(here, text):
                if key not in verdicts or (_is_judged(row) and not verdicts[key]):
                    view.lists["signals"][key] = piece("seen_row", key, row)
        view.say_empty(signals=f"No signal has {text} in its symbol, source or id.")
        return view

    return make


async def _seen(here: Instance, text: str) -> list[tuple[str, dict[str, Any]]]:
    """What is stored of such signals."""
    async with asyncio.timeout(STORED_S):
        rows = (await here.results.ask("signals-seen", find=text, limit=MANY)).dicts()
    return [(f"{row['source']}/{row['signal_id']}", row) for row in rows]


def _is_judged(row: Mapping[str, Any]) -> bool:
    return bool(row["accepted"] or row["refused"] or row["duplicates"])


def _words_of(signal: Signal) -> str:
    return f"{signal.symbol}\n{signal.source}\n{signal.signal_id}".casefold()


def trace(signal_id: str, source: str) -> Make:
    """One signal, and everything that came of it."""

    async def make(here: Instance) -> View:
        view = common(here, View(f"Signal {signal_id}"))
        rows, says = [], f"No signal {signal_id} is stored yet. Check the id, or reload in a few seconds."
        try:
            rows = (await here.results.ask("trace", signal_id=signal_id, source=source or None)).dicts()
        except DatabaseError as error:
            says = f"{error}."
        found = enumerate(steps(with_waiting(rows, _open(here), _awaited(here))))
        view.rows("steps", "step_row", ((str(number), step) for number, step in found))
        view.say_empty(steps=says)
        return view

    return make


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
    view.say_empty(letters="None: every record could be read.")
    return view
