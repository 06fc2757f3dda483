"""What an account is worth at given prices.

Rules of this file: a lot whose close is queued counts in equity, and in no limit. Lots of one symbol and
quantity are worth the same, to the last digit.
"""

from collections.abc import Callable, Iterable
from typing import NamedTuple

import numpy as np

from schemas.columns import Ints
from streams.engine.model.state import Lot
from streams.engine.model.units import value_of
from streams.engine.rules.unit_columns import LARGEST, values_of


class Alike:
    """Lots that are worth the same."""

    __slots__ = ("closing", "count", "net")

    def __init__(self) -> None:
        self.count = 0
        self.net = 0
        """The sum of their sides."""
        self.closing = 0
        """So many have a close queued."""


class Counted(NamedTuple):
    """What a lot was counted as."""

    key: tuple[str, int]
    side: int
    closing: bool
    cost: int


class Holdings:
    """All lots of an account, as far as its worth goes."""

    def __init__(self, lots: Iterable[Lot]) -> None:
        self.alike: dict[tuple[str, int], Alike] = {}
        """By symbol and quantity."""
        self.cost = 0
        """What the longs cost, less what the shorts brought."""
        self.closing: set[str] = set()
        """Those whose close is queued."""
        self._counted: dict[str, Counted] = {}
        for lot in lots:
            self.recount(lot)

    def recount(self, lot: Lot) -> None:
        """It is new, or has changed."""
        before = self._counted.pop(lot.lot_id, None)
        self.closing.discard(lot.lot_id)
        if before is not None:
            self._add(before, -1)
        if lot.quantity:
            if lot.queued is not None:
                self.closing.add(lot.lot_id)
            now = Counted((lot.symbol, lot.quantity), lot.side, lot.queued is not None, lot.cost)
            self._counted[lot.lot_id] = now
            self._add(now, 1)

    def _add(self, lot: Counted, times: int) -> None:
        alike = self.alike.get(lot.key)
        if alike is None:
            alike = self.alike[lot.key] = Alike()
        alike.count += times
        alike.net += times * lot.side
        alike.closing += times * lot.closing
        self.cost += times * lot.side * lot.cost
        if not alike.count:
            del self.alike[lot.key]


class Worth(NamedTuple):
    equity: int
    unrealised: int
    exposure: int
    """Gross, closing lots included."""
    counted: int
    """Gross, of the lots that count in limits."""


class WorthColumns(NamedTuple):
    """The same at many prices."""

    equity: Ints
    unrealised: Ints
    exposure: Ints


def worth_of(cash: int, holdings: Holdings, mark_of: Callable[[str], int]) -> Worth:
    net = exposure = closing = 0
    marks: dict[str, int] = {}
    for (symbol, quantity), alike in holdings.alike.items():
        mark = marks.get(symbol)
        if mark is None:
            mark = marks[symbol] = mark_of(symbol)
        value = value_of(mark, quantity)
        net += alike.net * value
        exposure += alike.count * value
        closing += alike.closing * value
    return Worth(cash + net, net - holdings.cost, exposure, exposure - closing)


def worths_of(cash: int, holdings: Holdings, marks_of: Callable[[str], Ints], count: int) -> WorthColumns:
    """`worth_of` at many prices; OverflowError where 64 bits may not hold it."""
    net, exposure, most = np.zeros(count, np.int64), np.zeros(count, np.int64), 0
    marks: dict[str, Ints] = {}
    for (symbol, quantity), alike in holdings.alike.items():
        if symbol not in marks:
            marks[symbol] = marks_of(symbol)
        values = values_of(marks[symbol], quantity)
        most += alike.count * int(values.max())
        if most >= LARGEST:
            raise OverflowError(f"{alike.count} lots of {quantity} {symbol}")
        exposure += alike.count * values
        net += alike.net * values
    if max(abs(cash), abs(holdings.cost)) >= LARGEST - most:
        raise OverflowError(f"cash {cash}, cost {holdings.cost}")
    return WorthColumns(net + cash, net - holdings.cost, exposure)
