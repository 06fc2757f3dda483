"""Settings as a person writes them: the other direction of `keys` and `groups`.

Rules of this file: what is written reads back as the same settings; decimals are text, and exact.
"""

import json
import re
from collections.abc import Callable
from typing import Any

from streams.accounts.values import plain
from streams.engine.model.exit_types import EXITS, Measure
from streams.engine.model.settings import (
    Commission,
    Condition,
    Correlated,
    Filter,
    Level,
    Partial,
    Settings,
    Size,
    Slice,
    Slippage,
)
from streams.engine.model.units import DAY, HOUR, MILLISECOND, MINUTE, ONE, SECOND

_PLAIN = re.compile(r"[\w.][\w.%<>= \-]*")
"""What needs no quotes within a list."""
_LENGTHS = ((DAY, "d"), (HOUR, "h"), (MINUTE, "m"), (SECOND, "s"), (MILLISECOND, "ms"), (1, "us"))
_LEVELS = {"risk": "R", "atr": "ATR", "amount": " abs"}


def document_of(settings: Settings) -> dict[str, Any]:
    """Every key of an account file with its value; None: it is switched off."""
    return {name: _written(name, getattr(settings, name)) for name in settings.__struct_fields__}


def texts_of(settings: Settings) -> dict[str, str]:
    """The same, each value as the one line that `account change --set` takes."""
    return {name: text_of(value) for name, value in document_of(settings).items()}


def text_of(value: Any) -> str:
    return value if isinstance(value, str) else _in_a_line(value)


def _in_a_line(value: Any) -> str:
    if value in (None, [], {}):
        return "none"
    match value:
        case bool():
            return str(value).lower()
        case list():
            return f"[{', '.join(map(_in_a_line, value))}]"
        case dict():
            return f"{{{', '.join(f'{name}: {_in_a_line(each)}' for name, each in value.items())}}}"
        case str() if not _PLAIN.fullmatch(value):
            return json.dumps(value, ensure_ascii=False)
    return str(value)


def share(units: int) -> str:
    return f"{plain(100 * units)}%"


def duration(micros: int) -> str:
    """In the largest unit that says it in a whole number."""
    if micros == 0:
        return "0s"
    length, unit = next((length, unit) for length, unit in _LENGTHS if micros % length == 0)
    return f"{micros // length}{unit}"


def level(value: Level) -> str:
    return share(value.value) if value.kind == "percent" else f"{plain(value.value)}{_LEVELS[value.kind]}"


def minute_of_day(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"


def filter_rule(rule: Filter) -> str:
    return f"{rule.name} {rule.operator} {rule.threshold!r}" if rule.operator else rule.name


def condition(rule: Condition) -> str:
    if rule.kind == "feature":
        return f"{rule.name} >= {rule.threshold!r}"
    return f"{rule.name} {share(rule.tolerance)}" if rule.tolerance else rule.name


def entry_slice(each: Slice) -> dict[str, Any]:
    conditions = {"if": [condition(rule) for rule in each.conditions]} if each.conditions else {}
    return {"at": duration(each.offset), "fraction": share(each.fraction), **conditions}


def partial(each: Partial) -> dict[str, str]:
    return {"at": level(each.level), "fraction": share(each.fraction)}


def size(value: Size) -> str | dict[str, str]:
    match value.mode:
        case "quantity":
            return "quantity"
        case "fixed_notional":
            return {"fixed_notional": plain(value.value)}
        case "percent_of_equity":
            return {"percent_of_equity": share(value.value)}
        case "risk":
            return {"risk": share(value.value), **({"stop": level(value.stop)} if value.stop else {})}
        case "volatility":
            return {"volatility": share(value.value), "multiple": plain(value.multiple)}


def commission(costs: Commission) -> dict[str, str]:
    rates = {"rate": costs.rate or None, "maker": costs.maker_rate, "taker": costs.taker_rate}
    sums = {"per_order": costs.per_order, "per_share": costs.per_share, "minimum": costs.minimum}
    return {
        **{name: plain(units) for name, units in sums.items() if units},
        **{name: share(units) for name, units in rates.items() if units is not None},
    }


def slippage(model: Slippage) -> dict[str, str]:
    parts = {"rate": model.rate, "spread": model.spread, "impact": model.impact}
    return {name: share(units) for name, units in parts.items() if units}


def correlated(limit: Correlated) -> dict[str, Any]:
    return {"positions": limit.positions, "rho": confidence(limit.rho)}


def confidence(value: float) -> str:
    return plain(round(value * ONE))


def _each(write: Callable[[Any], Any]) -> Callable[[Any], list[Any]]:
    return lambda values: [write(value) for value in values]


_OF_EXITS: dict[Measure, Callable[[Any], Any]] = {
    "distance": level,
    "distance_below_price": level,
    "parts": _each(partial),
    "duration": duration,
    "minute_of_day": minute_of_day,
}

WRITERS: dict[str, Callable[[Any], Any]] = {
    "balance": plain,
    "size": size,
    "latency": duration,
    "follow": list,
    "filters": _each(filter_rule),
    "min_confidence": confidence,
    "signal_ttl": duration,
    "dedupe_for": duration,
    "leverage": plain,
    "slices": _each(entry_slice),
    **{name: _OF_EXITS[exit_type.measure] for name, exit_type in EXITS.items()},
    "max_position": share,
    "max_exposure": share,
    "max_group": share,
    "max_correlated": correlated,
    "cash_reserve": share,
    "cooldown": duration,
    "daily_loss": share,
    "max_drawdown": share,
    "participation": share,
    "slippage": slippage,
    "commission": commission,
    "atr_interval": duration,
}
"""Of what is neither a name, a number nor true or false already."""


def _written(name: str, value: Any) -> Any:
    return WRITERS[name](value) if value is not None and name in WRITERS else value
