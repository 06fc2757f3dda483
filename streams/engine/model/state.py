"""What an account remembers. Plain data that a checkpoint can write down; the steps are elsewhere.

Rules of this file: structs are arrays where they are written: a new field goes last and has a default.
"""

import msgspec

from streams.engine.model.orders import Order
from streams.engine.model.origins import Origin
from streams.engine.model.settings import Condition, Settings
from streams.engine.model.units import FOREVER


class Terms(msgspec.Struct, frozen=True, array_like=True):
    """What was agreed when an entry was accepted."""

    settings: int
    """The version of the account's settings."""
    arrival: int
    """The mark at acceptance."""
    stop: int | None = None
    """Absolute levels, which no slice moves."""
    target: int | None = None
    distance: int | None = None
    """The sizing distance, exact, in 1e-16."""
    atr: int | None = None


class Target(msgspec.Struct, array_like=True):
    """A partial target of a lot."""

    price: int
    fraction: int
    filled: int = 0
    done: bool = False


class Exit(msgspec.Struct, array_like=True):
    """A close that is to happen at the market as soon as it can."""

    reason: str
    since: int


class Lot(msgspec.Struct, array_like=True):
    """A position: one a symbol in `net`, one an entry in `per_signal`."""

    lot_id: str
    symbol: str
    side: int
    """1 long, -1 short."""
    origin: Origin
    terms: Terms
    plan_id: str | None
    opened: int
    seen: int
    """How many records of its symbol the extremes below have taken in."""
    asleep: bool = False
    """Its market is closed: its stops do not follow."""
    quantity: int = 0
    bought: int = 0
    """What was ever entered."""
    entry_exact: int = 0
    """Σ price × quantity of entries, in 1e-16."""
    entry_value: int = 0
    """Σ of the entries' Money."""
    exit_exact: int = 0
    exit_value: int = 0
    sold: int = 0
    cost: int = 0
    """Money that the quantity still held cost."""
    fees: int = 0
    realised: int = 0
    slices: int = 0

    stop: int | None = None
    target: int | None = None
    partials: list[Target] = []
    trailing: int | None = None
    """The trailing stop's price."""
    extreme: int | None = None
    """The best closing price since the entry."""
    breakeven_at: int | None = None
    breakeven: int | None = None
    """The stop after the move."""
    deadline: int | None = None
    day_close: int | None = None
    queued: Exit | None = None
    exits: dict[str, Order] = {}
    """Exit orders by reason, from their first fill or wait."""

    high: int | None = None
    """Marks since the first fill."""
    low: int | None = None
    ambiguous: bool = False

    @property
    def shown_stop(self) -> int | None:
        """What people see as its stop, beside a trailing one: the entry, once it has moved there."""
        return self.stop if self.breakeven is None else self.breakeven

    @property
    def closing(self) -> bool:
        """A whole close is on its way: the lot counts in no limit any more."""
        return self.queued is not None


class PlannedSlice(msgspec.Struct, array_like=True):
    number: int
    due: int
    quantity: int
    reserved: int


class Plan(msgspec.Struct, array_like=True):
    """An accepted entry whose slices are not all done."""

    plan_id: str
    symbol: str
    side: int
    origin: Origin
    terms: Terms
    of: int
    waiting: list[PlannedSlice]
    working: list[str] = []
    """Its open orders."""
    lot_id: str | None = None
    by_hand: bool = False
    """An order that a person placed: no position takes it along."""


class Newest(msgspec.Struct, frozen=True, array_like=True):
    """The newest signal of a source in a symbol."""

    ts: int
    features: dict[str, float]


class Counts(msgspec.Struct, array_like=True):
    orders: int = 0
    plans: int = 0
    lots: int = 0
    trades: int = 0
    decisions: int = 0
    alerts: int = 0
    equities: int = 0
    late: int = 0


class AccountState(msgspec.Struct, array_like=True):
    """One account."""

    cash: int
    versions: list[Settings]
    """The account's settings, and the former ones that something open was accepted under."""
    status: str = "active"
    """active, paused or closed."""
    opened: int | None = None
    realised: int = 0
    """Gross, of closed quantities."""
    fees: int = 0
    row_peak: int = 0
    """Highest of the initial balance and the equity rows."""
    peak: int = 0
    """Highest equity at any record: what max_drawdown looks at."""
    day_open: int = 0
    next_day: int | None = None
    daily_loss_tripped: bool = False
    drawdown_tripped: bool = False
    counts: Counts = msgspec.field(default_factory=Counts)
    lots: dict[str, Lot] = {}
    plans: dict[str, Plan] = {}
    orders: dict[str, Order] = {}
    """Open entry orders."""
    created: tuple[str, int] | None = None
    """By which command and when; None: a file did."""
    forgotten: int = -FOREVER
    """Turns before it count for no repeat: a `dedupe_for` that grew does not bring them back."""
    newest: dict[str, Newest] = {}
    accepted: list[int] = []
    """When entries of the last hour were accepted."""
    last_exit: dict[str, int] = {}

    @property
    def blocked_by(self) -> list[str]:
        """The breakers that have tripped: nothing enters."""
        tripped = (("daily_loss", self.daily_loss_tripped), ("max_drawdown", self.drawdown_tripped))
        return [breaker for breaker, is_tripped in tripped if is_tripped]

    def conditions_of(self, plan: Plan, planned: PlannedSlice) -> tuple[Condition, ...]:
        """Settings that a plan was given later may know fewer slices: the rest have no conditions."""
        slices = self.versions[plan.terms.settings].slices
        return slices[planned.number - 1].conditions if planned.number <= len(slices) else ()

    def condition_words(self, plan: Plan, planned: PlannedSlice) -> str:
        return ", ".join(condition.words for condition in self.conditions_of(plan, planned))
