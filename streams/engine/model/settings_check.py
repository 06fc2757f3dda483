"""Whether settings that came as a message can be lived with: what a YAML's reader refuses, told by its field.

Rules of this file: whatever passes here makes no step of an account fail; nothing here says what is wise.
"""

import re
from collections.abc import Callable, Iterator
from math import isfinite
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from streams.engine.model.exit_types import EXITS, Measure
from streams.engine.model.settings import Level, Partial, Settings, Size
from streams.engine.model.units import DAY, ONE

NAME = r"(?=\S)[\w .\-]{1,64}(?<=\S)"
MARKET = r"ticks(\.[A-Za-z0-9][A-Za-z0-9_\-]{0,63})?"

LONGEST = 36_500 * DAY
MOST_MONEY = 1 << 61
MOST_TIMES = 1_000_000 * ONE
"""Of shares, multiples and rates."""
MOST_BARS = 10_000


class BadSettingsError(Exception):
    """They cannot be read; says which field."""


def read_settings(text: str | None, former: Settings | None = None) -> Settings:
    """Whole settings from JSON; with `former`, those with the fields that the text names changed."""
    try:
        read = msgspec.json.decode(text or "{}", type=dict[str, object])
        if "error" in read:  # whoever read a person's keys could not
            raise BadSettingsError(str(read["error"]))
        base = {} if former is None else msgspec.to_builtins(former)
        settings = msgspec.convert({**base, **read}, Settings)
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
        raise BadSettingsError(str(error)) from error
    unknown = read.keys() - {field.name for field in msgspec.structs.fields(Settings)}
    fault = next(_faults(settings), None) or min(unknown, default=None)
    if fault is not None:
        raise BadSettingsError(fault)
    return settings


def _faults(settings: Settings) -> Iterator[str]:
    """The fields that are wrong."""
    for field, holds in (
        ("name", re.fullmatch(NAME, settings.name) is not None),
        ("market", re.fullmatch(MARKET, settings.market) is not None),
        ("balance", 0 < settings.balance <= MOST_MONEY),
        ("leverage", settings.leverage > 0 and settings.balance * settings.leverage <= MOST_MONEY * ONE),
        ("time_zone", _is_zone(settings.time_zone)),
        ("size", _is_size(settings.size)),
        ("filters", all(_is_filter(each.name, each.operator, each.threshold) for each in settings.filters)),
        ("slices", _are_slices(settings)),
        ("atr_length", 0 < settings.atr_length <= MOST_BARS),
    ):
        if not holds:
            yield field
    yield from _out_of_bounds(settings)


def _out_of_bounds(settings: Settings) -> Iterator[str]:
    """Fields that are one number, or numbers beside each other."""
    for names, least, most in (
        ("latency cooldown", 0, LONGEST),
        ("signal_ttl dedupe_for atr_interval", 1, LONGEST),
        ("max_positions max_signals_per_hour", 1, MOST_TIMES),
        ("max_position max_exposure max_group", 1, MOST_TIMES),
        ("cash_reserve", 0, ONE),
        ("daily_loss max_drawdown participation", 1, ONE),
        ("min_confidence", -MOST_TIMES, MOST_TIMES),
    ):
        for name in names.split():
            value = getattr(settings, name)
            if value is not None and not least <= value <= most:
                yield name
    for name, exit_type in EXITS.items():
        if not _FITS[exit_type.measure](getattr(settings, name)):
            yield name
    alike = settings.max_correlated
    if alike is not None and not (alike.positions >= 1 and 0 <= alike.rho <= 1):
        yield "max_correlated"
    for name in ("slippage", "commission"):
        costs = msgspec.structs.astuple(getattr(settings, name))
        if not all(cost is None or 0 <= cost <= MOST_TIMES for cost in costs):
            yield name


def _is_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return False
    return True


def _is_level(level: Level | None) -> bool:
    return level is None or 0 < level.value <= (MOST_MONEY if level.kind == "amount" else MOST_TIMES)


def _is_stop(level: Level | None) -> bool:
    """A share of a price below it cannot be the whole."""
    return _is_level(level) and (level is None or level.kind != "percent" or level.value < ONE)


def _is_size(size: Size) -> bool:
    most = MOST_MONEY if size.mode == "fixed_notional" else MOST_TIMES
    stop_holds = _is_stop(size.stop) and (size.stop is None or size.stop.kind != "risk")
    value_holds = size.mode == "quantity" or 0 < size.value <= most
    return stop_holds and value_holds and 0 < size.multiple <= MOST_TIMES


def _is_filter(name: str, operator: str, threshold: float) -> bool:
    return name == "no_position" or (operator != "" and isfinite(threshold))


def _are_slices(settings: Settings) -> bool:
    offsets = [part.offset for part in settings.slices]
    fractions = [part.fraction for part in settings.slices]
    conditions = [condition for part in settings.slices for condition in part.conditions]
    return (
        offsets == sorted(set(offsets))
        and all(0 <= offset <= LONGEST for offset in offsets)
        and all(fraction > 0 for fraction in fractions)
        and sum(fractions) == ONE
        and all(0 <= each.tolerance <= ONE and isfinite(each.threshold) for each in conditions)
    )


def _are_parts(parts: tuple[Partial, ...]) -> bool:
    fractions = [part.fraction for part in parts]
    levels = all(_is_level(part.level) for part in parts)
    return levels and all(fraction > 0 for fraction in fractions) and sum(fractions) <= ONE


_FITS: dict[Measure, Callable[[Any], bool]] = {
    "distance": _is_level,
    "distance_below_price": _is_stop,
    "parts": _are_parts,
    "duration": lambda time: time is None or 1 <= time <= LONGEST,
    "minute_of_day": lambda minute: minute is None or 0 <= minute < 24 * 60,
}
