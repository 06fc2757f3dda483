"""At what price an order fills, and how much of it.

Rules of this file: `side` is 1 for a buy and -1 for a sell; "against us" is up for a buy, down for a sell.
"""

from streams.engine.model.settings import Slippage
from streams.engine.model.units import ONE, ceil_ratio, ceil_to, floor_ratio, floor_to


def against(side: int, numerator: int, denominator: int, tick: int) -> int:
    """An exact price rounded to the tick against us: market fills and stops."""
    return (ceil_ratio if side > 0 else floor_ratio)(numerator, denominator, tick)


def in_favour(side: int, numerator: int, denominator: int, tick: int) -> int:
    """An exact price rounded to the tick the other way: limits."""
    return (floor_ratio if side > 0 else ceil_ratio)(numerator, denominator, tick)


def stop_on_tick(side: int, price: int, tick: int) -> int:
    return ceil_to(price, tick) if side > 0 else floor_to(price, tick)


def limit_on_tick(side: int, price: int, tick: int) -> int:
    return floor_to(price, tick) if side > 0 else ceil_to(price, tick)


def slipped(
    model: Slippage, side: int, price: int, tick: int, *, quantity: int, volume: int, spread: int
) -> int:
    """The market price after slippage. `volume` is -1 where it is not known, `spread` 0 where not quoted."""
    numerator, denominator = price * (ONE + side * model.rate), ONE
    if model.spread and spread > 0:
        numerator += side * spread * model.spread
    if model.impact and volume > 0:
        taken = min(quantity, volume)
        numerator = numerator * volume * volume + side * price * model.impact * taken * taken
        denominator *= volume * volume
    return against(side, numerator, denominator, tick)
