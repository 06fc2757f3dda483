"""The exits of a position as a table: how each is written, what it is called, and the order that it becomes.

Rules of this file: a name is at once the exit's setting and the reason of its fills. What closes a position
for any other reason (a person, a signal, the kill switch) is a market order.
"""

from typing import Literal, NamedTuple

from schemas.messages import OrderType

Measure = Literal["distance", "distance_below_price", "parts", "duration", "minute_of_day"]
"""What its setting is: a level, one that cannot be a whole price away, targets with fractions, or a time."""


class ExitType(NamedTuple):
    title: str
    """What people call its setting."""
    measure: Measure
    order_type: OrderType = "market"
    is_stop: bool = False
    """It closes everything when price turns against the position, and overtakes every other close."""


EXITS: dict[str, ExitType] = {
    "take_profit": ExitType("Target", "distance", "limit"),
    "stop_loss": ExitType("Stop", "distance_below_price", "stop", is_stop=True),
    "trailing_stop": ExitType("Trailing stop", "distance_below_price", "trailing", is_stop=True),
    "breakeven": ExitType("Gain that moves the stop to the entry", "distance", "stop", is_stop=True),
    "time_limit": ExitType("Time limit", "duration"),
    "end_of_day": ExitType("Time of day to close at", "minute_of_day"),
    "partial": ExitType("Partial targets", "parts", "limit"),
}

STOPS = frozenset(name for name, each in EXITS.items() if each.is_stop)


def order_type_of(reason: str) -> OrderType:
    """Of the order that closes a position for this reason."""
    known = EXITS.get(reason)
    return known.order_type if known is not None else "market"
