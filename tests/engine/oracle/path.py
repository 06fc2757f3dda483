"""A bar's path: open, the extreme nearer the open (a tie: low first), the other extreme, close."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from schemas.messages import Bar

from .ledger import Lot, Working

if TYPE_CHECKING:
    from .matching import Matching

Event = tuple[int, Callable[[], None]]
"""The price at which it happens, and what happens."""


def points_of(bar: Bar) -> list[int]:
    if bar.high - bar.open < bar.open - bar.low:
        return [bar.open, bar.high, bar.low, bar.close]
    return [bar.open, bar.low, bar.high, bar.close]


class Walk:
    """Follows the price from point to point and lets things happen where they happen."""

    def __init__(self, account: "Matching", bar: Bar, mine: list[Lot]) -> None:
        self.account = account
        self.bar = bar
        self.points = points_of(bar)
        self.rest = self.points
        """The path from the present price on."""
        self.bought = {lot.id: lot.bought for lot in mine if lot.held > 0}
        self.whole = {lot.id for lot in mine}
        """Lots that live through the whole bar."""
        self.lived = {lot.id: list(self.points) for lot in mine}
        self.start = {lot.id: self.points[0] for lot in mine}
        """Where each lot's levels were looked at first: at the open, or where it last entered."""
        self.suppressed: set[str] = set()
        """Lots whose target was reached while their stop lies ahead in the bar."""
        self.done: set[tuple[str, int | None]] = set()
        """Limits that had their chance in this bar: of orders, and of lots by target."""
        self.waiting: list[Working] = []

    def lots(self) -> list[Lot]:
        return [lot for lot in self.account.lots if lot.symbol == self.bar.symbol]

    def run(self, waiting: list[Working]) -> None:
        self.waiting = waiting
        price = self.points[0]
        self.settle(price)
        for place in range(1, 4):
            goal = self.points[place]
            way = (goal > price) - (goal < price)
            while True:
                self.rest = [price, *self.points[place:]]
                event = self.nearest(price, goal, way)
                if event is None:
                    break
                price = event[0]
                if place > 1 or price != self.points[0]:
                    self.account.point = self.bar.ts + self.account.market.interval(self.bar) - 1
                self.rest = [price, *self.points[place:]]
                event[1]()
                self.settle(price)
            price = goal
            for lot in self.lots():
                if lot.id not in self.whole:
                    self.lived[lot.id].append(goal)
        for lot in self.lots():
            best = max(self.lived[lot.id]) if lot.side > 0 else min(self.lived[lot.id])
            lot.follow(best)
            lot.consider_breakeven(best)
        for order in waiting:
            if order.alive() and order.met:
                self.account.ratchet_order(order, self.bar.high if order.side < 0 else self.bar.low)

    def settle(self, price: int) -> None:
        """A lot that an entry just opened or moved looks at its levels where the price is."""
        account = self.account
        for lot in self.lots():
            if self.bought.get(lot.id) == lot.bought:
                continue
            self.bought[lot.id] = lot.bought
            self.lived.setdefault(lot.id, [price])
            self.start[lot.id] = price
            stop = lot.stop(account.step(lot.symbol))
            if lot.pending_stop is None and stop is not None and lot.side * (stop[0] - price) >= 0:
                account.fire_stop(lot, stop[1], price)
                continue
            for level, number in account.targets(lot):
                if lot.held > 0 and account.reached(lot, price, level):
                    self.fill_target(lot, number, account.limit_exit_price(lot, price, level), False, price)

    def fill_target(
        self, lot: Lot, number: int | None, price: int, maker: bool = True, base: int | None = None
    ) -> None:
        self.done.add((lot.id, number))
        if number is None:
            self.account.fill_target(lot, price, maker, base)
        else:
            self.account.fill_partial(lot, number, price, maker, base)

    def nearest(self, price: int, goal: int, way: int) -> Event | None:
        """What happens first between two points; exits before orders where they coincide."""
        events: list[Event] = []
        if not way:
            return None
        for lot in self.lots():
            events += self.exits(lot, price, goal, way)
        for order in self.waiting:
            if order.alive() and order.met:
                events += self.meets(order, price, goal, way)
        return min(events, key=lambda each: abs(each[0] - price), default=None)

    def exits(self, lot: Lot, price: int, goal: int, way: int) -> list[Event]:
        account = self.account
        if lot.pending_stop is not None:
            return []
        stop = lot.stop(account.step(lot.symbol))
        if way == -lot.side:
            if stop is None or not lot.side * goal <= lot.side * stop[0] <= lot.side * price:
                return []
            level, reason = stop
            return [(level, lambda: self.stop_out(lot, reason, level))]
        events: list[Event] = []
        for target, number in account.targets(lot):
            if (lot.id, number) in self.done or lot.side * (target - price) < 0:
                continue
            if account.reached(lot, goal, target):
                events.append((target, self.at_target(lot, number, target)))
        return events

    def stop_out(self, lot: Lot, reason: str, level: int) -> None:
        best = max(self.rest) if lot.side > 0 else min(self.rest)
        held = any(
            self.account.reached(lot, best, target)
            and not self.account.reached(lot, self.start[lot.id], target)
            for target, _ in self.account.targets(lot)
        )
        self.account.fire_stop(lot, reason, level, ambiguous=held or lot.id in self.suppressed)

    def at_target(self, lot: Lot, number: int | None, level: int) -> Callable[[], None]:
        def happen() -> None:
            stop = lot.stop(self.account.step(lot.symbol))
            worst = min(self.rest) if lot.side > 0 else max(self.rest)
            if stop is not None and lot.side * (stop[0] - worst) >= 0:
                self.done.add((lot.id, number))
                if not self.account.reached(lot, self.start[lot.id], level):
                    self.suppressed.add(lot.id)
            else:
                self.fill_target(lot, number, level)

        return happen

    def meets(self, order: Working, price: int, goal: int, way: int) -> list[Event]:
        account = self.account
        resting = order.type == "limit" or (order.type == "stop_limit" and order.triggered)
        if resting:
            assert order.limit is not None
            limit = order.limit
            if (order.id, None) in self.done or way != -order.side or order.side * (price - limit) < 0:
                return []
            if not account.beyond(order, goal, limit):
                return []
            return [(limit, lambda: self.fill_limit(order, limit))]
        if order.triggered or order.type == "market" or way != order.side:
            return []
        stop = account.stop_of(order)
        if stop is None or not order.side * price <= order.side * stop <= order.side * goal:
            return []
        return [(stop, lambda: account.try_stop(order, stop))]

    def fill_limit(self, order: Working, limit: int) -> None:
        self.done.add((order.id, None))
        self.account.fill_order(order, limit, False, True, limit)
