"""Where a lot's exits lie, and which of them a price reaches.

Rules of this file: levels are computed from the exact average entry and rounded once, to the tick, in the
direction of the order that they become: stops against us, targets the other way.
"""

from streams.engine.model.settings import Level, Settings
from streams.engine.model.state import Lot, Target
from streams.engine.model.units import ONE, half_even
from streams.engine.rules.prices import against, in_favour, limit_on_tick, stop_on_tick

Ratio = tuple[int, int]


def unit_of(lot: Lot, level: Level) -> int | None:
    """What a level that is not a share counts in, in 1e-16; None when the lot was accepted without it."""
    if level.kind == "risk":
        return lot.terms.distance
    if level.kind == "atr":
        return None if lot.terms.atr is None else lot.terms.atr * ONE
    return ONE * ONE


def level_of(lot: Lot, level: Level | None, sign: int) -> Ratio | None:
    """The exact price `level` away from the average entry, up or down."""
    exact, bought = lot.entry_exact, lot.bought
    if level is None:
        return None
    if level.kind == "percent":
        return exact * (ONE + sign * level.value), bought * ONE
    unit = unit_of(lot, level)
    if unit is None:
        return None
    return exact * ONE * ONE + sign * unit * level.value * bought, bought * ONE * ONE


def anchor(lot: Lot, settings: Settings, tick: int) -> None:
    """Set the levels of a lot whose average entry has changed."""
    side, terms = lot.side, lot.terms
    stop = level_of(lot, settings.stop_loss, -side)
    if terms.stop is not None:
        lot.stop = stop_on_tick(-side, terms.stop, tick)
    elif stop is not None:
        lot.stop = against(-side, *stop, tick)
    target = level_of(lot, settings.take_profit, side)
    if terms.target is not None:
        lot.target = limit_on_tick(-side, terms.target, tick)
    elif target is not None:
        lot.target = in_favour(-side, *target, tick)
    _anchor_partials(lot, settings, tick)
    _anchor_breakeven(lot, settings, tick)
    if settings.trailing_stop is not None:
        if lot.extreme is None:
            lot.extreme = half_even(lot.entry_exact, lot.bought)
        trail(lot, settings, tick)


def _anchor_partials(lot: Lot, settings: Settings, tick: int) -> None:
    levels = [(part, level_of(lot, part.level, lot.side)) for part in settings.partial]
    known = [(part, level) for part, level in levels if level is not None]
    if len(lot.partials) != len(known):
        lot.partials = [Target(0, part.fraction) for part, _ in known]
    for target, (_, level) in zip(lot.partials, known, strict=True):
        target.price = in_favour(-lot.side, *level, tick)


def _anchor_breakeven(lot: Lot, settings: Settings, tick: int) -> None:
    level = level_of(lot, settings.breakeven, lot.side)
    if lot.breakeven is not None:
        lot.breakeven = against(-lot.side, lot.entry_exact, lot.bought, tick)
    elif level is not None:
        lot.breakeven_at = in_favour(-lot.side, *level, tick)


def trail(lot: Lot, settings: Settings, tick: int) -> None:
    """Put the trailing stop behind the extreme; it never loosens."""
    level, side, extreme = settings.trailing_stop, lot.side, lot.extreme
    if level is None or extreme is None:
        return
    if level.kind == "percent":
        stop = against(-side, extreme * (ONE - side * level.value), ONE, tick)
    else:
        unit = unit_of(lot, level)
        if unit is None:
            return
        stop = against(-side, extreme * ONE * ONE - side * unit * level.value, ONE * ONE, tick)
    if lot.trailing is None or side * (stop - lot.trailing) > 0:
        lot.trailing = stop


def trail_distance(lot: Lot, level: Level) -> int | None:
    """Of a trailing stop that is not a share of the extreme; rounded down, so that a watch is never late."""
    unit = unit_of(lot, level)
    return None if unit is None else unit * level.value // (ONE * ONE)


def ratchet(lot: Lot, settings: Settings, best: int, tick: int) -> None:
    """Take in the best closing price so far: trailing follows, breakeven moves."""
    if lot.extreme is not None and lot.side * (best - lot.extreme) > 0:
        lot.extreme = best
        trail(lot, settings, tick)
    if lot.breakeven_at is not None and lot.breakeven is None and lot.side * (best - lot.breakeven_at) >= 0:
        lot.breakeven = against(-lot.side, lot.entry_exact, lot.bought, tick)


def moves_of(lot: Lot) -> list[int]:
    """The prices in its favour at which a stop moves."""
    return [] if lot.breakeven_at is None or lot.breakeven is not None else [lot.breakeven_at]


def stops_of(lot: Lot) -> list[tuple[int, str]]:
    """The stops that are set, with their reasons."""
    named = ((lot.stop, "stop_loss"), (lot.trailing, "trailing_stop"), (lot.breakeven, "breakeven"))
    return [(price, reason) for price, reason in named if price is not None]


def stop_in_force(lot: Lot) -> tuple[int, str] | None:
    """The nearest stop and its reason; among equals the first."""
    nearest = None
    for stop in stops_of(lot):
        if nearest is None or lot.side * stop[0] > lot.side * nearest[0]:
            nearest = stop
    return nearest


def targets_of(lot: Lot) -> list[tuple[int, int | None]]:
    """The targets that are left, the nearest first: a partial one with its index, the last with None."""
    targets: list[tuple[int, int | None]] = [
        (target.price, index) for index, target in enumerate(lot.partials) if not target.done
    ]
    if lot.target is not None:
        targets.append((lot.target, None))
    return sorted(targets, key=lambda target: lot.side * target[0])


def reaches(side: int, price: int, target: int, touch: bool) -> bool:
    """Whether a position's target (or a resting limit that takes profit) fills at that price."""
    beyond = side * (price - target)
    return beyond > 0 or (touch and beyond == 0)


def due_exit(lot: Lot, time: int) -> tuple[str, int] | None:
    """The exit that time alone brings, and since when: the one whose time came first."""
    times = ((lot.deadline, "time_limit"), (lot.day_close, "end_of_day"))
    passed = [(reason, since) for since, reason in times if since is not None and time >= since]
    return min(passed, key=lambda due: due[1], default=None)
