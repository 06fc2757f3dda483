"""What an account is worth at given prices.

Rules of this file: a lot whose close is queued counts in equity, and in no limit.
"""

from collections.abc import Callable
from typing import NamedTuple

from streams.engine.model.state import AccountState
from streams.engine.model.units import value_of


class Worth(NamedTuple):
    equity: int
    unrealised: int
    exposure: int
    """Gross, closing lots included."""
    counted: int
    """Gross, of the lots that count in limits."""


def worth_of(state: AccountState, mark_of: Callable[[str], int]) -> Worth:
    equity, unrealised, exposure, closing = state.cash, 0, 0, 0
    for lot in state.lots.values():
        value = value_of(mark_of(lot.symbol), lot.quantity)
        equity += lot.side * value
        unrealised += lot.side * (value - lot.cost)
        exposure += value
        if lot.queued is not None:
            closing += value
    return Worth(equity, unrealised, exposure, exposure - closing)
