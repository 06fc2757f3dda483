"""Where a lot's exits lie, and which of them a price reaches.

Rules of this file: levels are computed from the exact average entry and rounded once, to the tick, in the
direction of the order that they become: stops against us, targets the other way.
"""

from streams.engine.fills import against, in_favour, limit_on_tick, stop_on_tick
from streams.engine.settings import Level, Settings
from streams.engine.state import Lot, Target
from streams.engine.units import ONE, half_even

Ratio = tuple[int, int]


def level_of(lot: Lot, level: Level, sign: int) -> Ratio:
    """The exact price `level` away from the average entry, up or down."""
    exact, bought = lot.entry_exact, lot.bought
    if level.kind == "percent":
        return exact * (ONE + sign * level.value), bought * ONE
    unit = {"risk": lot.terms.distance or 0, "atr": lot.terms.atr or 0, "amount": ONE}[level.kind]
    return exact * ONE + sign * unit * level.value * bought, bought * ONE


def anchor(lot: Lot, settings: Settings, tick: int) -> None:
    """Set the levels of a lot whose average entry has changed."""
    side, terms = lot.side, lot.terms
    if terms.stop is not None:
        lot.stop = stop_on_tick(-side, terms.stop, tick)
    elif settings.stop_loss is not None:
        lot.stop = against(-side, *level_of(lot, settings.stop_loss, -side), tick)
    if terms.target is not None:
        lot.target = limit_on_tick(-side, terms.target, tick)
    elif settings.take_profit is not None:
        lot.target = in_favour(-side, *level_of(lot, settings.take_profit, side), tick)
    if settings.partial and not lot.partials:
        lot.partials = [Target(0, part.fraction) for part in settings.partial]
    for target, part in zip(lot.partials, settings.partial, strict=True):
        target.price = in_favour(-side, *level_of(lot, part.level, side), tick)
    if settings.breakeven is not None:
        if lot.breakeven is not None:
            lot.breakeven = against(-side, lot.entry_exact, lot.bought, tick)
        else:
            lot.breakeven_at = in_favour(-side, *level_of(lot, settings.breakeven, side), tick)
    if settings.trailing_stop is not None:
        if lot.extreme is None:
            lot.extreme = half_even(lot.entry_exact, lot.bought)
        trail(lot, settings, tick)


def trail(lot: Lot, settings: Settings, tick: int) -> None:
    """Put the trailing stop behind the extreme; it never loosens."""
    level, side, extreme = settings.trailing_stop, lot.side, lot.extreme
    if level is None or extreme is None:
        return
    if level.kind == "percent":
        stop = against(-side, extreme * (ONE - side * level.value), ONE, tick)
    else:
        stop = stop_on_tick(-side, extreme - side * trail_distance(lot, level), tick)
    if lot.trailing is None or side * (stop - lot.trailing) > 0:
        lot.trailing = stop


def trail_distance(lot: Lot, level: Level) -> int:
    """Of a trailing stop that is not a share of the extreme."""
    unit = {"risk": lot.terms.distance or 0, "atr": lot.terms.atr or 0}.get(level.kind, ONE)
    return half_even(unit * level.value, ONE)


def ratchet(lot: Lot, settings: Settings, best: int, tick: int) -> None:
    """Take in the best closing price so far: trailing follows, breakeven moves."""
    if lot.extreme is not None and lot.side * (best - lot.extreme) > 0:
        lot.extreme = best
        trail(lot, settings, tick)
    if lot.breakeven_at is not None and lot.breakeven is None and lot.side * (best - lot.breakeven_at) >= 0:
        lot.breakeven = against(-lot.side, lot.entry_exact, lot.bought, tick)


def stops_of(lot: Lot) -> list[tuple[int, str]]:
    """The stops that are set, with their reasons."""
    named = ((lot.stop, "stop_loss"), (lot.trailing, "trailing_stop"), (lot.breakeven, "breakeven"))
    return [(price, reason) for price, reason in named if price is not None]


def stop_in_force(lot: Lot) -> tuple[int, str] | None:
    """The nearest stop and its reason; among equals the first."""
    return max(stops_of(lot), key=lambda stop: lot.side * stop[0], default=None)


def reaches(side: int, price: int, target: int, touch: bool) -> bool:
    """Whether a position's target (or a resting limit that takes profit) fills at that price."""
    beyond = side * (price - target)
    return beyond > 0 or (touch and beyond == 0)


def due_exit(lot: Lot, time: int) -> tuple[str, int] | None:
    """The exit that time alone brings, and since when."""
    for since, reason in ((lot.deadline, "time_limit"), (lot.day_close, "end_of_day")):
        if since is not None and time >= since:
            return reason, since
    return None
