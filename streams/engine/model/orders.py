"""An order and its life.

Rules of this file: the states are data; a step that the table does not know is a broken invariant. An order
is an array where it is written: a new field goes last and has a default.
"""

from typing import Literal

import msgspec

from schemas.messages import OrderState, OrderType, TimeInForce
from streams.engine.model.order_types import ORDER_TYPES, Traits

Event = Literal["accept", "reject", "trigger", "fill_part", "fill", "cancel", "expire"]

_OPEN: dict[Event, OrderState] = {
    "fill_part": "partially_filled",
    "fill": "filled",
    "cancel": "cancelled",
    "expire": "expired",
}

LIFECYCLE: dict[OrderState, dict[Event, OrderState]] = {
    "new": {"accept": "accepted", "reject": "rejected"},
    "accepted": {"trigger": "triggered", **_OPEN},
    "triggered": dict(_OPEN),
    "partially_filled": dict(_OPEN),
    "filled": {},
    "cancelled": {},
    "expired": {},
    "rejected": {},
}

TERMINAL = frozenset(state for state, events in LIFECYCLE.items() if not events)


class TransitionError(Exception):
    """The engine asked an order for a step that its state does not allow."""


class Order(msgspec.Struct, array_like=True):
    """An order of one account, from its creation until it is filled or dead."""

    order_id: str
    symbol: str
    side: int
    """1 buys, -1 sells."""
    order_type: OrderType
    quantity: int
    created: int
    version: int
    """Of the account's settings that it is filled by."""
    state: OrderState = "new"
    filled: int = 0
    notional: int = 0
    """Σ price × quantity of its fills, exact, in 1e-16."""
    fees: int = 0
    fee_parts: int = 0
    """The same before the minimum."""
    fills: int = 0
    limit_price: int | None = None
    stop_price: int | None = None
    trail: int | None = None
    extreme: int | None = None
    """Of a trailing order: the best price seen."""
    asleep: bool = False
    """Its market is closed: the extreme does not follow."""
    seen: int = 0
    """How many records of its symbol that has taken in."""
    time_in_force: TimeInForce = "GTC"
    expires_at: int | None = None
    purpose: str = "entry"
    reason: str = ""
    arrived: bool = False
    """Its symbol had a record since it was accepted: a limit rests from then on."""
    touched: bool = False
    """It says so: price reached the limit without trading through it."""
    plan_id: str | None = None
    slice_number: int | None = None
    lot_id: str | None = None
    signal_id: str | None = None
    command_id: str | None = None

    @property
    def remaining(self) -> int:
        return self.quantity - self.filled

    @property
    def is_open(self) -> bool:
        return self.state not in TERMINAL

    @property
    def traits(self) -> Traits:
        return ORDER_TYPES[self.order_type]

    @property
    def waits_for_stop(self) -> bool:
        """Price has not come to its stop yet."""
        return self.state == "accepted" and self.traits.trigger != 0

    @property
    def trigger_way(self) -> int:
        """Which way price goes that triggers it: 1 up, -1 down, 0 where nothing does."""
        return self.side * self.traits.trigger

    @property
    def follows(self) -> bool:
        """Its stop follows the best price, which it knows already."""
        return self.extreme is not None and self.state == "accepted" and not self.asleep

    def advance(self, event: Event, reason: str = "") -> None:
        following = LIFECYCLE[self.state].get(event)
        if following is None:
            raise TransitionError(f"order {self.order_id} is {self.state}: it cannot {event}")
        self.state = following
        self.reason = reason

    def take_fill(self, price: int, quantity: int, parts: int, minimum: int) -> tuple[str, int]:
        """Book a fill and answer its id and its fee: an order's fees are at least the minimum."""
        self.fee_parts += parts
        fee = max(self.fee_parts, minimum) - self.fees
        self.filled += quantity
        self.notional += price * quantity
        self.fees += fee
        self.fills += 1
        self.advance("fill" if self.filled == self.quantity else "fill_part")
        return f"{self.order_id}.{self.fills}", fee
