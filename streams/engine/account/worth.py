"""What an account is worth at given prices.

Rules of this file: a lot whose close is queued counts in equity, and in no limit.
"""

from collections import Counter
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from schemas.columns import Ints
from streams.engine.model.state import AccountState
from streams.engine.model.units import value_of
from streams.engine.rules.unit_columns import LARGEST, values_of


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


class WorthColumns(NamedTuple):
    equity: Ints
    unrealised: Ints
    exposure: Ints


def worths_of(state: AccountState, marks_of: Callable[[str], Ints], count: int) -> WorthColumns:
    """`worth_of` at many prices; OverflowError where 64 bits may not hold it.

    Lots of one symbol and quantity are worth the same.
    """
    lots = Counter((lot.symbol, lot.quantity) for lot in state.lots.values())
    sides = Counter[tuple[str, int]]()
    for lot in state.lots.values():
        sides[lot.symbol, lot.quantity] += lot.side
    net, exposure, most = np.zeros(count, np.int64), np.zeros(count, np.int64), 0
    for (symbol, quantity), alike in lots.items():
        values = values_of(marks_of(symbol), quantity)
        most += alike * int(values.max())
        if most >= LARGEST:
            raise OverflowError(f"{alike} lots of {quantity} {symbol}")
        exposure += alike * values
        net += sides[symbol, quantity] * values
    cost = sum(lot.side * lot.cost for lot in state.lots.values())
    if max(abs(state.cash), abs(cost)) >= LARGEST - most:
        raise OverflowError(f"cash {state.cash}, cost {cost}")
    return WorthColumns(net + state.cash, net - cost, exposure)
