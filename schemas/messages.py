"""The messages that Ghostfill reads and writes, as frozen types.

Rules of this file:
- Prices, quantities and money are integers in units of 1e-8; times are UTC microseconds.
- Only what a strategy measured (confidence, features, theories) is a float.
- A field whose default is None may be absent; every output carries an id that a re-run repeats.
"""

from typing import Literal

import msgspec

Side = Literal["long", "short", "flat"]
OrderSide = Literal["buy", "sell"]
OrderType = Literal["market", "limit", "stop", "stop_limit", "trailing"]
TimeInForce = Literal["GTC", "DAY", "GTD", "IOC", "FOK"]
OrderState = Literal[
    "new", "accepted", "triggered", "partially_filled", "filled", "cancelled", "expired", "rejected"
]
SliceState = Literal["armed", "released", "skipped", "cancelled"]
Verdict = Literal["accepted", "refused", "skipped", "duplicate", "expired", "late", "tripped"]
CommandKind = Literal[
    "create",
    "change",
    "pause",
    "resume",
    "close",
    "place",
    "cancel",
    "close_position",
    "close_all",
    "cancel_plan",
    "kill_switch",
]


class Message(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Base of every message: immutable, built by keyword."""


# What comes in ---------------------------------------------------------------------------------


class Signal(Message):
    """A strategy's wish: be long, short or flat in a symbol."""

    signal_id: str
    source: str
    symbol: str
    side: Side
    ts: int
    confidence: float | None = None
    price: int | None = None
    """The price that the strategy saw: a reference, never a limit."""
    take_profit: int | None = None
    stop_loss: int | None = None
    quantity: int | None = None
    expires_at: int | None = None
    features: dict[str, float] = {}
    theories: dict[str, float] = {}
    tags: tuple[str, ...] = ()
    note: str | None = None
    extra: dict[str, str] = {}
    """Fields that the schema does not know, as JSON text."""


class Command(Message):
    """What a person or a program asks of one account."""

    command_id: str
    account: str
    kind: CommandKind
    ts: int
    symbol: str | None = None
    side: OrderSide | None = None
    order_type: OrderType | None = None
    quantity: int | None = None
    limit_price: int | None = None
    stop_price: int | None = None
    trail: int | None = None
    """Distance of a trailing stop, in price units of 1e-8."""
    time_in_force: TimeInForce | None = None
    expires_at: int | None = None
    take_profit: int | None = None
    stop_loss: int | None = None
    order_id: str | None = None
    plan_id: str | None = None
    lot_id: str | None = None
    """The lot of a `per_signal` account that `close_position` means; absent: the whole symbol."""
    settings: str | None = None
    """JSON text: the whole settings for `create`, the changed keys for `change`."""
    plans: tuple[str, ...] = ()
    """Open plans that a `change` applies to as well."""
    note: str | None = None
    extra: dict[str, str] = {}


class Tick(Message):
    """A trade or a quote. At least a price, or a bid and an ask."""

    symbol: str
    ts: int
    price: int | None = None
    size: int | None = None
    """The volume of the trade; absent: not known."""
    bid: int | None = None
    ask: int | None = None
    extra: dict[str, str] = {}


class Bar(Message):
    """An interval of a symbol's market; known when the interval has ended."""

    symbol: str
    ts: int
    """When the bar opened."""
    open: int
    high: int
    low: int
    close: int
    volume: int | None = None
    interval: int | None = None
    """Microseconds; absent: the feed's usual interval."""
    extra: dict[str, str] = {}


class Clock(Message):
    """Time passes, whether or not anything trades."""

    feed: str
    ts: int
    extra: dict[str, str] = {}


# What happened ---------------------------------------------------------------------------------


class Decision(Message):
    """A verdict on a signal, a slice or a command, with its reason."""

    decision_id: str
    ts: int
    account: str
    decision: Verdict
    symbol: str | None = None
    signal_id: str | None = None
    source: str | None = None
    command_id: str | None = None
    plan_id: str | None = None
    reason: str = ""
    measured: float | None = None
    limit: float | None = None


class SliceTimer(Message):
    """One planned slice of an entry and what became of it."""

    slice_id: str
    account: str
    plan_id: str
    symbol: str
    side: OrderSide
    signal_id: str | None
    number: int
    """Counted from 1."""
    of: int
    state: SliceState
    ts: int
    due: int
    quantity: int
    condition: str
    """The conditions in words, empty when there is none."""
    arrival: int
    """The mark when the plan was accepted."""
    order_id: str | None = None
    reason: str = ""
    measured: float | None = None
    limit: float | None = None
    mark: int | None = None
    """When it was released or skipped."""


class Order(Message):
    """The state of an order after something happened to it."""

    order_id: str
    account: str
    symbol: str
    side: OrderSide
    order_type: OrderType
    state: OrderState
    quantity: int
    filled: int
    ts: int
    created: int
    time_in_force: TimeInForce = "GTC"
    limit_price: int | None = None
    stop_price: int | None = None
    average_price: int | None = None
    fees: int = 0
    purpose: str = "entry"
    """`entry`, or the exit reason that the order carries out."""
    reason: str = ""
    """Why it waits or how it died."""
    plan_id: str | None = None
    slice_number: int | None = None
    lot_id: str | None = None
    signal_id: str | None = None
    command_id: str | None = None


class Fill(Message):
    """A ghost of an execution."""

    fill_id: str
    order_id: str
    account: str
    symbol: str
    side: OrderSide
    quantity: int
    price: int
    fee: int
    ts: int
    lot_id: str | None = None
    trade_id: str | None = None
    purpose: str = "entry"
    plan_id: str | None = None
    slice_number: int | None = None
    signal_id: str | None = None
    arrival: int | None = None
    """For a slice: the mark when its plan was accepted."""
    slippage: int = 0
    """Price units against us that the model added."""
    ambiguous: bool = False


class Trade(Message):
    """From flat to flat, or one lot of a `per_signal` account."""

    trade_id: str
    account: str
    symbol: str
    side: Literal["long", "short"]
    quantity: int
    entry_price: int
    exit_price: int
    entry_ts: int
    exit_ts: int
    pnl: int
    pnl_pct: int
    """Percent of the entry's notional, in 1e-8 of a percent."""
    fees: int
    exit_reason: str
    outcome: Literal["win", "loss", "breakeven"]
    signal_id: str | None
    gross_pnl: int
    source: str | None = None
    plan_id: str | None = None
    entry_notional: int = 0
    mae: int = 0
    """Worst mark against the average entry, in price units; positive is adverse."""
    mfe: int = 0
    """Best mark in favour of the average entry, in price units."""
    slices: int = 0
    """Entry fills that came from slices."""
    ambiguous: bool = False
    theories: dict[str, float] = {}
    tags: tuple[str, ...] = ()
    confidence: float | None = None


class Position(Message):
    """What is held, after a change; quantity 0 says that it is gone."""

    position_id: str
    account: str
    symbol: str
    side: Literal["long", "short"]
    quantity: int
    average_price: int
    cost: int
    mark: int
    unrealised: int
    realised: int
    fees: int
    ts: int
    opened: int
    stop: int | None = None
    target: int | None = None
    trailing: int | None = None
    time_limit: int | None = None
    signal_id: str | None = None
    plan_id: str | None = None


class Equity(Message):
    """The account's worth at one instant."""

    equity_id: str
    ts: int
    account: str
    equity: int
    cash: int
    unrealised: int
    drawdown: int
    """A fraction in 1e-8, from the highest of the initial balance and these rows."""
    realised: int = 0
    """Of what was closed, before fees."""
    exposure: int = 0
    reserved: int = 0
    day_end: bool = False
    balance: int | None = None
    """What the account began with."""
    day: str | None = None
    """At day end: the date that ended, in the account's zone."""
    year_days: int | None = None
    """At the end of a day on which the account's markets were open: how many such days a year has."""


class Alert(Message):
    """Something that a person may want to look at."""

    alert_id: str
    ts: int
    account: str
    kind: str
    text: str
    symbol: str | None = None
    measured: float | None = None
    limit: float | None = None


class DeadLetter(Message):
    """A message that nobody could read, and why."""

    topic: str
    partition: int
    offset: int
    ts: int
    reason: str
    value: bytes
    key: bytes | None = None


Input = Signal | Command
MarketRecord = Tick | Bar | Clock
Output = Decision | SliceTimer | Order | Fill | Trade | Position | Equity | Alert
