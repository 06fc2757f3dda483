"""What an account holds and has promised: lots, plans, slices, orders. Plain data and arithmetic."""

from dataclasses import dataclass, field
from fractions import Fraction

from schemas.messages import Command, OrderSide, OrderState, OrderType, Signal, TimeInForce
from streams.engine.model.settings import Commission, Condition, Level, Partial, Settings

from .numbers import ONE, against, half_even, limit_price, share


def word(side: int) -> OrderSide:
    return "buy" if side > 0 else "sell"


@dataclass(eq=False)
class Want:
    """An entry that asks to be accepted."""

    symbol: str
    side: int
    explicit: int | None = None
    """The quantity of a manual order's opening part; None: the account sizes it."""
    stop: int | None = None
    target: int | None = None
    signal: Signal | None = None
    command: Command | None = None


@dataclass(eq=False)
class Terms:
    """What the acceptance settled."""

    want: Want
    settings: Settings
    quantity: int
    arrival: int
    distance: Fraction | None
    """The sizing distance, 1R."""
    atr: Fraction | None


@dataclass(eq=False)
class Slice:
    number: int
    due: int
    quantity: int
    conditions: tuple[Condition, ...]
    state: str = "armed"
    order: "Working | None" = None

    def remaining(self) -> int:
        if self.state == "armed":
            return self.quantity
        if self.state == "released" and self.order is not None and self.order.alive():
            return self.order.remaining()
        return 0


@dataclass(eq=False)
class Plan:
    id: str
    symbol: str
    side: int
    terms: Terms
    slices: list[Slice]
    lot: "Lot | None" = None
    after: "Lot | None" = None
    """A position with a queued close that this plan follows (only with `CLOSING_IS_GONE`)."""

    def live(self) -> bool:
        return any(each.remaining() > 0 or each.state == "armed" for each in self.slices)


@dataclass(eq=False)
class Working:
    """An order, from when it is sent to when it dies."""

    id: str
    symbol: str
    side: int
    type: OrderType
    quantity: int
    created: int
    purpose: str
    limit: int | None = None
    stop: int | None = None
    trail: int | None = None
    tif: TimeInForce = "GTC"
    expires: int | None = None
    plan: Plan | None = None
    slice: Slice | None = None
    lot: "Lot | None" = None
    terms: Terms | None = None
    command: Command | None = None
    arrival: int = 0
    state: OrderState = "accepted"
    reason: str = ""
    filled: int = 0
    filled_value: int = 0
    raw_fees: int = 0
    fees: int = 0
    met: bool = False
    """It has seen a record of its symbol."""
    triggered: bool = False
    extreme: int | None = None

    def plan_id(self) -> str | None:
        """An order by hand is a plan under its own id."""
        by_hand = self.command is not None and self.state != "rejected"
        return self.plan.id if self.plan is not None else self.id if by_hand else None

    def alive(self) -> bool:
        return self.state in ("new", "accepted", "triggered", "partially_filled")

    def remaining(self) -> int:
        return self.quantity - self.filled


def raw_fee(terms: Commission, first: bool, quantity: int, price: int, maker: bool) -> int:
    """Every part that is set, added, before the minimum."""
    special = terms.maker_rate if maker else terms.taker_rate
    rate = terms.rate if special is None else special
    total = Fraction(terms.per_order if first else 0)
    total += Fraction(terms.per_share * quantity, ONE)
    total += Fraction(price * quantity * rate, ONE * ONE)
    return half_even(total)


def order_fee(terms: Commission, quantity: int, price: int) -> int:
    """What one taker order filled at once would cost."""
    return max(terms.minimum, raw_fee(terms, True, quantity, price, False))


@dataclass(eq=False)
class Lot:
    """A position in `net`, a signal's lot in `per_signal`."""

    id: str
    trade_id: str
    symbol: str
    side: int
    terms: Terms
    plan_id: str | None
    opened: int
    held: int = 0
    bought: int = 0
    """Everything that it ever entered."""
    entry_product: int = 0
    """Σ fill price × quantity, exact."""
    entry_value: int = 0
    """The same as Money, each fill rounded."""
    cost: int = 0
    fees: int = 0
    gross: int = 0
    sold: int = 0
    exit_product: int = 0
    slices: int = 0
    low: int | None = None
    high: int | None = None
    ambiguous: bool = False
    extreme: int | None = None
    trail: Fraction | None = None
    """The trailing stop's best level so far."""
    armed: bool = False
    """The breakeven move has happened."""
    partials: list[tuple[Partial, "Working | None", bool]] = field(default_factory=list)
    """Target, its order when it has one, whether it is done."""
    closing: str | None = None
    """The reason of a queued market exit."""
    closing_from: int = 0
    pending_stop: str | None = None
    """A triggered stop that waits for volume."""
    exits: dict[str, Working] = field(default_factory=dict)

    def is_closing(self) -> bool:
        """A triggered stop that waits for volume counts as a queued close."""
        return self.closing is not None or self.pending_stop is not None

    def average(self) -> Fraction:
        return Fraction(self.entry_product, self.bought)

    def distance(self, level: Level) -> Fraction | None:
        return level_distance(level, self.average(), self.terms.distance, self.terms.atr)

    def target(self, step: int) -> int | None:
        """The take-profit, a limit."""
        if self.terms.want.target is not None:
            return limit_price(self.terms.want.target, -self.side, step)
        level = self.terms.settings.take_profit
        return None if level is None else self.at(level, step)

    def at(self, level: Level, step: int) -> int | None:
        """A target this far in favour of the average entry."""
        distance = self.distance(level)
        if distance is None:
            return None
        return limit_price(self.average() + self.side * distance, -self.side, step)

    def stop(self, step: int) -> tuple[int, str] | None:
        """The nearest of stop-loss, trailing and breakeven, with its reason."""
        levels = self.stops(step)
        if not levels:
            return None
        best = levels[0]
        for other in levels[1:]:
            if self.side * (other[0] - best[0]) > 0:
                best = other
        return best

    def level(self, reason: str, step: int) -> int | None:
        """Where the stop of that reason lies."""
        return next((level for level, why in self.stops(step) if why == reason), None)

    def stops(self, step: int) -> list[tuple[int, str]]:
        levels: list[tuple[int, str]] = []
        exact: Fraction | None = None
        if self.terms.want.stop is not None:
            exact = Fraction(self.terms.want.stop)
        elif self.terms.settings.stop_loss is not None:
            distance = self.distance(self.terms.settings.stop_loss)
            exact = None if distance is None else self.average() - self.side * distance
        if exact is not None:
            levels.append((against(exact, -self.side, step), "stop_loss"))
        if self.trail is not None:
            levels.append((against(self.trail, -self.side, step), "trailing_stop"))
        if self.armed:
            levels.append((against(self.average(), -self.side, step), "breakeven"))
        return levels

    def follow(self, price: int | None) -> None:
        """Ratchet the trailing stop; it never loosens."""
        level = self.terms.settings.trailing_stop
        if level is None or self.extreme is None:
            return
        if price is not None and self.side * (price - self.extreme) > 0:
            self.extreme = price
        distance = self.distance(level)
        if distance is None:
            return
        if level.kind == "percent":
            distance = Fraction(self.extreme * level.value, ONE)
        candidate = self.extreme - self.side * distance
        if self.trail is None or self.side * (candidate - self.trail) > 0:
            self.trail = candidate

    def consider_breakeven(self, price: int) -> None:
        level = self.terms.settings.breakeven
        distance = None if level is None else self.distance(level)
        if distance is not None and self.side * (price - self.average()) >= distance:
            self.armed = True

    def look(self, low: int, high: int) -> None:
        self.low = low if self.low is None else min(self.low, low)
        self.high = high if self.high is None else max(self.high, high)


def level_distance(
    level: Level, base: Fraction, risk: Fraction | None, atr: Fraction | None
) -> Fraction | None:
    if level.kind == "percent":
        return share(base, level.value)
    if level.kind == "amount":
        return Fraction(level.value)
    unit = risk if level.kind == "risk" else atr
    return None if unit is None else share(unit, level.value)
