"""The settings that are more than one value: sizes, slices, filters, costs."""

import re
from typing import Any

from streams.accounts import values
from streams.accounts.document import Faults, Item
from streams.engine.model.settings import (
    Commission,
    Condition,
    Correlated,
    Filter,
    Partial,
    Size,
    Slice,
    Slippage,
)
from streams.engine.model.units import ONE

SIZE = (
    "quantity, {fixed_notional: 1000}, {percent_of_equity: 10%}, {risk: 2%, stop: 5%}"
    " or {volatility: 1%, multiple: 2}"
)
SLICES = "a list such as [{at: 0m, fraction: 50%}, {at: 5m, fraction: 50%, if: [price_holds]}]"
PARTIAL = "a list such as [{at: 1%, fraction: 50%}]"
FILTER = "a rule such as vsr >= 3.0, confidence > 0.6 or no_position"
CONDITION = "a condition: momentum >= 75 (a feature at or above), price_holds, price_holds 0.5% or above_vwap"
CORRELATED = "{positions: 3, rho: 0.8}"

_NAME = r"[A-Za-z_][\w.\-]*"
_COMPARISON = re.compile(rf"({_NAME})\s*(>=|<=|>|<)\s*(\S+)")


def size(item: Item) -> Size:
    if item.kind == "value" and item.text == "quantity":
        return Size(mode="quantity")
    read = item.fields(
        {
            "fixed_notional": values.money(above_zero=True),
            "percent_of_equity": values.share(most=None),
            "risk": values.share(),
            "stop": values.level_below_price,
            "volatility": values.share(),
            "multiple": values.money(above_zero=True),
        },
        SIZE,
    )
    match list(read):
        case ["fixed_notional"]:
            return Size(mode="fixed_notional", value=read["fixed_notional"])
        case ["percent_of_equity"]:
            return Size(mode="percent_of_equity", value=read["percent_of_equity"])
        case ["risk"] | ["risk", "stop"] | ["stop", "risk"]:
            if "stop" in read and read["stop"].kind == "risk":
                raise item.entries["stop"].fault("a risk distance cannot be measured in itself; expected 5%")
            return Size(mode="risk", value=read["risk"], stop=read.get("stop"))
        case ["volatility"] | ["volatility", "multiple"] | ["multiple", "volatility"]:
            return Size(mode="volatility", value=read["volatility"], multiple=read.get("multiple", ONE))
        case _:
            raise item.fault(f"found the keys {', '.join(read) or 'none'}; expected one of {SIZE}")


def slices(item: Item) -> tuple[Slice, ...]:
    if item.kind != "list" or not item.items:
        raise item.wrong(SLICES)
    faults = Faults()
    read: list[Slice] = []
    for part in item.items:
        with faults.gathered():
            one = _slice(part)
            if read and one.offset <= read[-1].offset:
                raise part.fault("expected a later time than the slice before it")
            read.append(one)
    faults.raise_any()
    total = sum(one.fraction for one in read)
    if total != ONE:
        raise item.fault(f"the fractions add up to {values.plain(100 * total)}%; expected 100%")
    return tuple(read)


def _slice(item: Item) -> Slice:
    read = item.fields(
        {"at": values.duration(above_zero=False), "fraction": values.share(), "if": conditions}, SLICES
    )
    item.need(read, "at", "fraction")
    return Slice(offset=read["at"], fraction=read["fraction"], conditions=read.get("if", ()))


def conditions(item: Item) -> tuple[Condition, ...]:
    faults = Faults()
    read = []
    for part in item.list_or_one(CONDITION):
        with faults.gathered():
            read.append(_condition(part))
    faults.raise_any()
    return tuple(read)


def _condition(item: Item) -> Condition:
    written = item.value(CONDITION)
    if written == "above_vwap":
        return Condition(kind="above_vwap", name=written)
    rule, _, tolerance = written.partition(" ")
    if rule == "price_holds":
        share = (
            values.share(above_zero=False)(Item(item.where, "value", tolerance.strip())) if tolerance else 0
        )
        return Condition(kind="price_holds", name=rule, tolerance=share)
    name, operator, threshold = _comparison(item, CONDITION)
    if operator != ">=":
        raise item.wrong(CONDITION)
    return Condition(kind="feature", name=name, threshold=threshold)


def filters(item: Item) -> tuple[Filter, ...]:
    faults = Faults()
    read = []
    for part in item.list_or_one(FILTER):
        with faults.gathered():
            read.append(_filter(part))
    faults.raise_any()
    return tuple(read)


def _filter(item: Item) -> Filter:
    if item.value(FILTER) == "no_position":
        return Filter(name="no_position")
    name, operator, threshold = _comparison(item, FILTER)
    return Filter(name=name, operator=operator, threshold=threshold)


def _comparison(item: Item, expected: str) -> tuple[str, Any, float]:
    match = _COMPARISON.fullmatch(item.value(expected))
    if match is None:
        raise item.wrong(expected)
    return match[1], match[2], values.number(expected)(Item(item.where, "value", match[3]))


def partial(item: Item) -> tuple[Partial, ...]:
    if item.kind != "list":
        raise item.wrong(PARTIAL)
    faults = Faults()
    read = []
    for part in item.items:
        with faults.gathered():
            one = part.fields({"at": values.level, "fraction": values.share()}, PARTIAL)
            part.need(one, "at", "fraction")
            read.append(Partial(level=one["at"], fraction=one["fraction"]))
    faults.raise_any()
    total = sum(one.fraction for one in read)
    if total > ONE:
        raise item.fault(f"the fractions add up to {values.plain(100 * total)}%; expected 100% at most")
    return tuple(read)


def commission(item: Item) -> Commission:
    rate = values.share(above_zero=False)
    read = item.fields(
        {
            "per_order": values.money(),
            "per_share": values.money(),
            "rate": rate,
            "maker": rate,
            "taker": rate,
            "minimum": values.money(),
        },
        "{per_order: 0.50}, {per_share: 0.005, minimum: 1}, {rate: 10bps} or {maker: 2bps, taker: 5bps}",
    )
    named = {"maker": "maker_rate", "taker": "taker_rate"}
    return Commission(**{named.get(key, key): value for key, value in read.items()})


def slippage(item: Item) -> Slippage:
    if item.kind == "value":
        return Slippage(rate=values.share(above_zero=False)(item))
    part = values.share(above_zero=False, most=None)
    expected = "1bp or {rate: 1bp, spread: 50%, impact: 10%}"
    return Slippage(**item.fields({"rate": part, "spread": part, "impact": part}, expected))


def correlated(item: Item) -> Correlated:
    read = item.fields({"positions": values.whole(), "rho": values.fraction_of_one}, CORRELATED)
    item.need(read, "positions", "rho")
    return Correlated(**read)
