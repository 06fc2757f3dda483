"""A bar against one account's exits and orders: the path that price took through it.

Rules of this file: the open decides first, exits before entries. Then price walks from the open to the
nearer extreme, to the other, to the close, and each level fills as it is passed. A target gives way to a
stop that the rest of the path reaches too. What fills before price has moved bears the open's time, all else
the bar's last instant.
"""

from streams.engine.account.account import Account
from streams.engine.execution import closing, ticks, trailing
from streams.engine.execution.waiting import wait, wait_for_price
from streams.engine.market.moment import Moment
from streams.engine.model.exit_types import STOPS
from streams.engine.model.orders import Order
from streams.engine.model.state import Lot
from streams.engine.rules import exit_levels


class Walk:
    """How far price has come, and what it will still see."""

    def __init__(self, now: Moment) -> None:
        low_first = now.open - now.low <= now.high - now.open
        near, far = (now.low, now.high) if low_first else (now.high, now.low)
        self.points = [now.open, near, far, now.close]
        self.leg = 0
        self.price = now.open
        self.done: set[tuple[str, str, int | None]] = set()
        """What has happened once: nothing happens twice in a bar."""

    @property
    def at_open(self) -> bool:
        """Price has not moved yet."""
        return self.leg == 0 and self.price == self.points[0]

    @property
    def end(self) -> int:
        """Where this leg goes."""
        return self.points[self.leg + 1]

    @property
    def way(self) -> int:
        """1 while this leg rises, -1 while it falls, 0 when it goes nowhere."""
        start = self.points[self.leg]
        return (self.end > start) - (self.end < start)

    def ahead(self) -> tuple[int, int]:
        """Highest and lowest of the path from here on, here included."""
        rest = [self.price, *self.points[self.leg + 1 :]]
        return max(rest), min(rest)

    def passes(self, level: int, rising: bool, through: bool) -> bool:
        """Whether this leg, going that way, comes to the level (or beyond it)."""
        here, end = self.price, self.end
        if rising:
            return self.way > 0 and here <= level and (end > level if through else end >= level)
        return self.way < 0 and here >= level and (end < level if through else end <= level)


class LiveLot:
    """A lot in this bar: the part of the path that it lives through."""

    def __init__(self, lot: Lot, walk: Walk) -> None:
        self.lot = lot
        self.start, self.leg = walk.price, walk.leg
        self.high, self.low = walk.ahead()
        self.bought = lot.bought

    @property
    def best(self) -> int:
        return self.high if self.lot.side > 0 else self.low


def pass_bar(account: Account, now: Moment, reached: frozenset[str] | None) -> None:
    shut = account.is_shut(now, now.symbol)
    lots = _lots_in(account, now, reached)
    orders = [order for order in ticks.orders_of(account, now.symbol) if order.created <= now.opened]
    if not lots and not orders:
        return
    for lot in lots:
        account.watch_lot(lot)
        trailing.catch_up(account, lot, now, now.count - 1)
    for order in orders:
        account.watch_anew(order.order_id)
        if order.traits.trails:
            ticks.follow_bars(account, now, order, shut)
    walk = Walk(now)
    lives = {lot.lot_id: LiveLot(lot, walk) for lot in lots}
    if shut:
        for lot in lots:
            lot.asleep = True
            closing.queue_if_due(account, now, lot)
        for order in orders:
            wait(account, order, "market_closed")
        return
    _pass_open(account, now, lots, orders)
    _take_in_new(account, now, walk, lives)
    _walk(account, now, walk, lives, orders)
    for live in lives.values():
        _ratchet(account, live)
        closing.queue_if_due(account, now, live.lot)
    for order in orders:
        if order.is_open and order.traits.trails:
            trailing.follow(account, order, now.low if order.side > 0 else now.high)


def _lots_in(account: Account, now: Moment, reached: frozenset[str] | None) -> list[Lot]:
    """Those that the bar reaches, and those that an order at work in it may enlarge or reduce."""
    if reached is None or account.settings.position_mode == "net":
        return account.lots_of(now.symbol)
    filling = {plan.lot_id for plan in account.state.plans.values() if plan.working and plan.lot_id}
    return account.lots_among(reached | filling, now.symbol)


# The open ------------------------------------------------------------------------------------


def _pass_open(account: Account, now: Moment, lots: list[Lot], orders: list[Order]) -> None:
    for lot in lots:
        ticks.try_exits(account, now, lot, now.open, now.opened, fills_at=now.open)
    for order in orders:
        if order.is_open:
            _fill_at_open(account, now, order)
            order.arrived = True
            ticks.end_if_immediate(account, now, order)


def _fill_at_open(account: Account, now: Moment, order: Order) -> None:
    price, side = now.open, order.side
    if not (order.traits.is_limited or order.waits_for_stop):
        ticks.fill_at_market(account, now, order, price)
        return
    rested = order.arrived
    if order.waits_for_stop:
        if order.stop_price is None or order.trigger_way * (price - order.stop_price) < 0:
            wait_for_price(account, order, "not_reached")
            return
        _trigger(account, order)
        if not order.traits.is_limited:
            ticks.fill_at_market(account, now, order, price)
            return
        rested = False
    assert order.limit_price is not None
    better = side * (order.limit_price - price)
    touch = account.state.versions[order.version].limit_fill == "touch"
    if better > 0 or (better == 0 and (touch or not rested)):
        at = ticks.limited(account, order, price)
        ticks.fill_order(account, now, order, at, maker=rested)
    else:
        wait_for_price(account, order, "not_penetrated" if better == 0 else "not_reached")


def _trigger(account: Account, order: Order) -> None:
    order.advance("trigger")
    account.out.order(order)


# The walk ------------------------------------------------------------------------------------


def _take_in_new(account: Account, now: Moment, walk: Walk, lives: dict[str, LiveLot]) -> None:
    """Lots that were opened or enlarged here live from here."""
    for lot in account.out.changed_lots.values():
        live = lives.get(lot.lot_id)
        if lot.quantity and lot.symbol == now.symbol and (live is None or live.bought != lot.bought):
            lives[lot.lot_id] = LiveLot(lot, walk)


def _walk(account: Account, now: Moment, walk: Walk, lives: dict[str, LiveLot], orders: list[Order]) -> None:
    if not any(order.is_open for order in orders) and not any(
        _has_exit(account, walk, live) for live in lives.values()
    ):
        return
    while walk.leg < 3:
        event = _next_event(account, walk, lives, orders)
        if event is None:
            walk.price = walk.end
            walk.leg += 1
            continue
        walk.price, happening = event
        if not walk.at_open:
            now.fills_at = now.last_instant()
        walk.done.add(happening.key)
        happening.happen(account, now, walk.price)
        _take_in_new(account, now, walk, lives)


def _has_exit(account: Account, walk: Walk, live: LiveLot) -> bool:
    """Whether the path comes to any of its exits."""
    lot, touch = live.lot, account.terms_of(live.lot.terms).limit_fill == "touch"
    return _stop_ahead(walk, lot) or any(
        exit_levels.reaches(lot.side, live.best, target, touch) for target, _ in exit_levels.targets_of(lot)
    )


class Happening:
    """Something that fills when price comes to it."""

    def __init__(
        self,
        what: str,
        live: LiveLot | None = None,
        order: Order | None = None,
        index: int | None = None,
        *,
        rested: bool = True,
    ) -> None:
        self.what, self.live, self.order, self.index, self.rested = what, live, order, index, rested
        name = order.order_id if order is not None else live.lot.lot_id if live is not None else ""
        self.key = (name, what, index)

    def happen(self, account: Account, now: Moment, price: int) -> None:
        if self.order is not None:
            _order_at(account, now, self.order, price)
            return
        assert self.live is not None
        lot = self.live.lot
        if self.what == "target" and self.index is not None:
            closing.exit_partially(account, now, lot, self.index, price, maker=self.rested)
        elif self.what == "target":
            assert lot.target is not None
            closing.exit_at_limit(account, now, lot, price, lot.target, maker=self.rested)
        else:
            at_its_start = lot.side * (self.live.start - price) <= 0
            lot.ambiguous = lot.ambiguous or (not at_its_start and _holds_target(account, self.live))
            closing.exit_at_market(account, now, lot, self.what, price)


def _next_event(
    account: Account, walk: Walk, lives: dict[str, LiveLot], orders: list[Order]
) -> tuple[int, Happening] | None:
    """The nearest thing on this leg; among equals exits first, then as they were made."""
    best: tuple[int, Happening] | None = None
    for price, happening in (
        *(found for live in lives.values() for found in _exits_on_leg(account, walk, live)),
        *(found for order in orders for found in _order_on_leg(account, walk, order)),
    ):
        if happening.key in walk.done:
            continue
        if best is None or abs(price - walk.price) < abs(best[0] - walk.price):
            best = price, happening
    return best


def _exits_on_leg(account: Account, walk: Walk, live: LiveLot) -> list[tuple[int, Happening]]:
    """What of a lot happens next on this leg; what its start brings comes before what lies ahead."""
    lot = live.lot
    if not lot.quantity or (lot.queued is not None and lot.queued.reason in STOPS):
        return []
    stop = exit_levels.stop_in_force(lot)
    if stop is not None and lot.side * (walk.price - stop[0]) <= 0:
        return [(walk.price, Happening(stop[1], live))]
    if (walk.leg, walk.price) == (live.leg, live.start):
        here = _targets(account, walk, live, rested=False)
        if here:
            return here
    if stop is not None and walk.passes(stop[0], lot.side < 0, through=False):
        return [(stop[0], Happening(stop[1], live))]
    return [] if _stop_ahead(walk, lot) else _targets(account, walk, live, rested=True)


def _targets(account: Account, walk: Walk, live: LiveLot, *, rested: bool) -> list[tuple[int, Happening]]:
    """Targets that fill on this leg or, where they have not rested yet, at the very price of the entry."""
    lot, touch = live.lot, account.terms_of(live.lot.terms).limit_fill == "touch"
    reached = _target_on_leg if rested else _target_here
    found = [
        (_on_path(walk, lot, target), Happening("target", live, index=index, rested=rested))
        for target, index in exit_levels.targets_of(lot)
        if reached(walk, lot, target, touch)
    ]
    return [each for each in found if each[1].key not in walk.done]


def _target_here(walk: Walk, lot: Lot, target: int, touch: bool) -> bool:
    return exit_levels.reaches(lot.side, walk.price, target, touch)


def _target_on_leg(walk: Walk, lot: Lot, target: int, touch: bool) -> bool:
    return _target_here(walk, lot, target, touch) or walk.passes(target, lot.side > 0, through=not touch)


def _on_path(walk: Walk, lot: Lot, target: int) -> int:
    """Where the target fills: here when price is beyond it already."""
    return walk.price if lot.side * (walk.price - target) > 0 else target


def _stop_ahead(walk: Walk, lot: Lot) -> bool:
    """Whether the rest of the path reaches the stop: then no target fills before it."""
    stop = exit_levels.stop_in_force(lot)
    high, low = walk.ahead()
    return stop is not None and (low <= stop[0] if lot.side > 0 else high >= stop[0])


def _holds_target(account: Account, live: LiveLot) -> bool:
    """Whether price comes to one of its targets in the part of the bar that the lot lives through."""
    lot, touch = live.lot, account.terms_of(live.lot.terms).limit_fill == "touch"
    return any(
        exit_levels.reaches(lot.side, live.best, target, touch)
        and not exit_levels.reaches(lot.side, live.start, target, touch)
        for target, _ in exit_levels.targets_of(lot)
    )


def _order_on_leg(account: Account, walk: Walk, order: Order) -> list[tuple[int, Happening]]:
    if not order.is_open:
        return []
    side = order.side
    if order.waits_for_stop:
        stop = order.stop_price
        if stop is not None and walk.passes(stop, order.trigger_way > 0, through=False):
            return [(stop, Happening("trigger", order=order))]
    elif order.limit_price is not None:
        touch = account.state.versions[order.version].limit_fill == "touch"
        if walk.passes(order.limit_price, side < 0, through=not touch):
            return [(order.limit_price, Happening("limit", order=order))]
    return []


def _order_at(account: Account, now: Moment, order: Order, price: int) -> None:
    if order.waits_for_stop:
        _trigger(account, order)
        if not order.traits.is_limited:
            ticks.fill_at_market(account, now, order, price)
        elif order.limit_price is not None and order.side * (order.limit_price - price) >= 0:
            ticks.fill_order(account, now, order, ticks.limited(account, order, price), maker=False)
        else:
            wait_for_price(account, order, "not_reached")
        return
    assert order.limit_price is not None
    ticks.fill_order(account, now, order, order.limit_price, maker=True)


def _ratchet(account: Account, live: LiveLot) -> None:
    """Trailing stops and breakevens move after the bar, by the part of it that the lot lived through."""
    lot = live.lot
    lot.asleep = False
    if lot.quantity:
        trailing.ratchet(account, lot, live.best)
