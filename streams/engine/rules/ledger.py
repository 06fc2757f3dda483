"""The ledger of a lot: what was entered and closed, what it cost, what it is worth.

Rules of this file: Money is rounded once a fill; a partial exit takes its share of the cost half to even,
the last takes the rest.
"""

from streams.engine.model.state import Lot
from streams.engine.model.units import half_even, value_of


def enter(lot: Lot, price: int, quantity: int, fee: int) -> int:
    """Book an entry fill and answer the change of cash."""
    value = value_of(price, quantity)
    lot.quantity += quantity
    lot.bought += quantity
    lot.entry_exact += price * quantity
    lot.entry_value += value
    lot.cost += value
    lot.fees += fee
    return -lot.side * value - fee


def leave(lot: Lot, price: int, quantity: int, fee: int) -> tuple[int, int]:
    """Book an exit fill and answer the change of cash and the gross profit."""
    value = value_of(price, quantity)
    cost = lot.cost if quantity == lot.quantity else half_even(lot.cost * quantity, lot.quantity)
    profit = lot.side * (value - cost)
    lot.quantity -= quantity
    lot.cost -= cost
    lot.sold += quantity
    lot.exit_exact += price * quantity
    lot.exit_value += value
    lot.realised += profit
    lot.fees += fee
    return lot.side * value - fee, profit


def value(lot: Lot, mark: int) -> int:
    """What the lot adds to equity."""
    return lot.side * value_of(mark, lot.quantity)


def unrealised(lot: Lot, mark: int) -> int:
    return lot.side * (value_of(mark, lot.quantity) - lot.cost)


def average_entry(lot: Lot) -> int:
    """Rounded half to even: for people. Levels use the exact ratio."""
    return half_even(lot.entry_exact, lot.bought)


def excursions(lot: Lot) -> tuple[int, int]:
    """MAE and MFE against the average entry."""
    if lot.high is None or lot.low is None:
        return 0, 0
    above = half_even(lot.high * lot.bought - lot.entry_exact, lot.bought)
    below = half_even(lot.entry_exact - lot.low * lot.bought, lot.bought)
    return (below, above) if lot.side > 0 else (above, below)
