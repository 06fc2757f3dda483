"""How large an entry is, before any limit cuts it.

Rules of this file: quantities floor to the lot; a distance is side × (entry − stop).
"""

from collections.abc import Callable
from typing import NamedTuple

from schemas.messages import Signal
from streams.engine.model.exit_types import EXITS
from streams.engine.model.refusal import Refusal
from streams.engine.model.settings import Level, Settings
from streams.engine.model.units import ONE, floor_ratio, floor_to

AT_A_DISTANCE = [name for name, each in EXITS.items() if each.measure in ("distance", "distance_below_price")]
IN_PARTS = [name for name, each in EXITS.items() if each.measure == "parts"]


class Sizing(NamedTuple):
    """The answer, or why there is none."""

    quantity: int
    refusal: Refusal | None = None
    explicit: bool = False
    """Named by the signal or a person: a limit refuses it, and never cuts it."""


def distance_of(settings: Settings, side: int, price: int, stop: int | None, atr: int | None) -> int | None:
    """The sizing distance, exact in 1e-16; None when nothing gives it."""
    if settings.size.mode == "volatility":
        return None if atr is None else atr * settings.size.multiple
    if stop is not None:
        return side * (price - stop) * ONE
    level = settings.size.stop or settings.stop_loss
    return _width(level, price, atr) if level is not None else None


def _width(level: Level, price: int, atr: int | None) -> int | None:
    if level.kind == "percent":
        return price * level.value
    if level.kind == "amount":
        return level.value * ONE
    if level.kind == "atr" and atr is not None:
        return atr * level.value
    return None


def quantity_of(
    settings: Settings, signal: Signal, price: int, equity: int, distance: int | None, lot: int
) -> Sizing:
    size = settings.size
    if size.mode == "quantity":
        if signal.quantity is None or signal.quantity <= 0:
            return Sizing(0, Refusal("no_quantity"))
        return Sizing(floor_to(signal.quantity, lot), explicit=True)
    if size.mode == "fixed_notional":
        return Sizing(floor_ratio(size.value * ONE, price, lot))
    available = max(equity, 0) * size.value
    if size.mode == "percent_of_equity":
        return Sizing(floor_ratio(available, price, lot))
    if distance is None or distance <= 0:
        return Sizing(0, Refusal("bad_stop"))
    return Sizing(floor_ratio(available * ONE, distance, lot))


def needs_atr(
    settings: Settings, stop: int | None = None, target: int | None = None, *, sized: bool = True
) -> bool:
    """Whether an entry with these levels of its own counts in ATR; `sized`: the account sizes it."""
    if sized and settings.size.mode == "volatility":
        return True
    given = {"stop_loss": stop, "take_profit": target}
    levels: list[Level | None] = [
        getattr(settings, name) for name in AT_A_DISTANCE if given.get(name) is None
    ]
    levels += [part.level for name in IN_PARTS for part in getattr(settings, name)]
    if stop is None:
        levels.append(settings.size.stop)
    return any(level is not None and level.kind == "atr" for level in levels)


def largest(quantity: int, lot: int, fits: Callable[[int], bool]) -> int:
    """The quantity if it fits, else the most lots below it that do."""
    if fits(quantity):
        return quantity
    low, high = 0, quantity // lot
    while high - low > 1:
        middle = (low + high) // 2
        if fits(middle * lot):
            low = middle
        else:
            high = middle
    return low * lot
