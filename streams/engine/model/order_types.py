"""The types of orders as a table: what each must name, and how it comes to its fill.

Rules of this file: everything that differs from one type to the next is a column here; nobody else compares
an order's type with names.
"""

from typing import NamedTuple

from schemas.messages import OrderType


class Traits(NamedTuple):
    """How orders of a type work."""

    needs: tuple[str, ...] = ()
    """What a command that places one has to name."""
    trigger: int = 0
    """It waits until price comes to its stop: 1 from where that is against it, -1 from the other side."""
    is_limited: bool = False
    """It fills at its limit price or better; else at the market's price, which slips."""
    trails: bool = False
    """Its stop follows the best price since it was placed."""


ORDER_TYPES: dict[OrderType, Traits] = {
    "market": Traits(),
    "limit": Traits(needs=("limit_price",), is_limited=True),
    "stop": Traits(needs=("stop_price",), trigger=1),
    "stop_limit": Traits(needs=("limit_price", "stop_price"), trigger=1, is_limited=True),
    "trailing": Traits(needs=("trail",), trigger=1, trails=True),
}
