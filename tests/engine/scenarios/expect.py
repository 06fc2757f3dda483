"""The expected half of a row: what is asked of the outputs, and whether they have it.

Rules of this file:
- Fills and trades, where a row names one, are all named, in order; of the rest each is found, in order among its kind.
- What an assertion leaves out is not looked at.
- An assertion is about what was told while the market went by; with `end` before it, about what the last words tell.
"""

import math
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from schemas.messages import Alert, Decision, Equity, Fill, Order, Output, Position, SliceTimer, Trade

from .table import TableError, instant, items, number, words
from .tell import said

VERDICTS = ("accepted", "refused", "skipped", "duplicate", "expired", "late", "tripped")
ENDED = ("filled", "cancelled", "expired", "rejected")
FLAGS = ("ambiguous", "day_end")
LISTED = ("fill", "trade")
COUNTED = {
    "fills": Fill,
    "trades": Trade,
    "decisions": Decision,
    "orders": Order,
    "equities": Equity,
    "slices": SliceTimer,
    "positions": Position,
}
NUMBERS = {
    "fee": "fee",
    "fees": "fees",
    "slip": "slippage",
    "pnl": "pnl",
    "pct": "pnl_pct",
    "gross": "gross_pnl",
    "mae": "mae",
    "mfe": "mfe",
    "notional": "entry_notional",
    "avg": "average_price",
    "qty": "quantity",
    "done": "filled",
    "limit": "limit_price",
    "stop": "stop_price",
    "cash": "cash",
    "unrealised": "unrealised",
    "realised": "realised",
    "dd": "drawdown",
    "reserved": "reserved",
    "exposure": "exposure",
    "cost": "cost",
    "mark": "mark",
    "arrival": "arrival",
    "target": "target",
    "trailing": "trailing",
}
TIMES = {
    "t": "ts",
    "entered": "entry_ts",
    "exited": "exit_ts",
    "due": "due",
    "until": "time_limit",
    "opened": "opened",
}
WHOLE = {"slice": "slice_number", "slices": "slices"}
NAMES = {
    "for": "purpose",
    "sym": "symbol",
    "lot": "lot_id",
    "signal": "signal_id",
    "reason": "reason",
    "type": "order_type",
    "order": "order_id",
    "plan": "plan_id",
    "src": "source",
    "tif": "time_in_force",
    "if": "condition",
}


@dataclass
class Wanted:
    """One assertion: a kind of output and the values of some of its fields."""

    text: str
    kind: str
    output: type | None = None
    values: dict[str, Any] = field(default_factory=dict)
    count: int = 0
    at_end: bool = False

    def met_by(self, output: Output) -> bool:
        if not isinstance(output, self.output or type(None)):
            return False
        return all(equal(getattr(output, name), value) for name, value in self.values.items())


def equal(found: Any, value: Any) -> bool:
    if isinstance(value, tuple):
        return found in value
    if isinstance(value, float):
        return found is not None and math.isclose(found, value, rel_tol=1e-9, abs_tol=1e-12)
    return bool(found == value)


def wanted(text: str) -> list[Wanted]:
    return [wish(item) for item in items(text)]


def wish(text: str) -> Wanted:
    kind, *rest = words(text)
    if kind == "end":
        return replace(wish(text.removeprefix("end ")), at_end=True)
    if kind == "stat":
        return Wanted(text, kind, values={rest[0]: rest[1]})
    if kind == "no" or kind in COUNTED:
        name, count = (rest[0], 0) if kind == "no" else (kind, int(rest[0]))
        return Wanted(text, "count", COUNTED[name], count=count)
    if kind == "never":
        unwanted = wish(text.removeprefix("never"))
        return Wanted(text, "never", unwanted.output, unwanted.values)
    if kind == "dropped":
        return Wanted(text, kind, values={"reason": rest[0]}, count=int(rest[1]))
    if kind in ("cash", "reserved", "final"):
        return Wanted(text, "last", Equity, {"equity" if kind == "final" else kind: number(rest[0])})
    readers: dict[str, Callable[[list[str]], tuple[type, dict[str, Any], list[str]]]] = {
        "fill": fill_wish,
        "trade": trade_wish,
        "order": order_wish,
        "waits": waits_wish,
        "slice": slice_wish,
        "equity": equity_wish,
        "position": position_wish,
        "alert": lambda rest: (Alert, {"kind": rest[0]}, rest[1:]),
    }
    if kind in VERDICTS:
        output, values, more = decision_wish(kind, rest)
        kind = "decision"
    elif kind in readers:
        output, values, more = readers[kind](rest)
    else:
        raise TableError(f"nothing can be asserted with: {text}")
    values.update(options(output, more, text))
    return Wanted(text, kind, output, values)


def fill_wish(rest: list[str]) -> tuple[type, dict[str, Any], list[str]]:
    side, quantity, at, price = rest[:4]
    if at != "@":
        raise TableError(f"fill {' '.join(rest)}: expected an @ before the price")
    return Fill, {"side": side, "quantity": number(quantity), "price": number(price)}, rest[4:]


def trade_wish(rest: list[str]) -> tuple[type, dict[str, Any], list[str]]:
    side, quantity, entry, arrow, exit_price, *more = rest
    if arrow != "->":
        raise TableError(f"trade {' '.join(rest)}: expected an arrow between the prices")
    values = {
        "side": side,
        "quantity": number(quantity),
        "entry_price": number(entry),
        "exit_price": number(exit_price),
    }
    return Trade, values, more


def order_wish(rest: list[str]) -> tuple[type, dict[str, Any], list[str]]:
    return Order, {"order_id": rest[0], "state": rest[1]}, rest[2:]


def waits_wish(rest: list[str]) -> tuple[type, dict[str, Any], list[str]]:
    states = ("new", "accepted", "triggered", "partially_filled")
    return Order, {"order_id": rest[0], "state": states, "reason": rest[1]}, rest[2:]


def slice_wish(rest: list[str]) -> tuple[type, dict[str, Any], list[str]]:
    values: dict[str, Any] = {"number": int(rest[0]), "state": rest[1]}
    more = rest[2:]
    if len(more) % 2:
        values["reason"], more = more[0], more[1:]
    return SliceTimer, values, more


def equity_wish(rest: list[str]) -> tuple[type, dict[str, Any], list[str]]:
    return Equity, {"ts": instant(rest[0]), "equity": number(rest[1])}, rest[2:]


def position_wish(rest: list[str]) -> tuple[type, dict[str, Any], list[str]]:
    if rest[1] == "gone":
        return Position, {"symbol": rest[0], "quantity": 0}, rest[2:]
    symbol, side, quantity, _, average, *more = rest
    values = {"symbol": symbol, "side": side, "quantity": number(quantity), "average_price": number(average)}
    return Position, values, more


def decision_wish(kind: str, rest: list[str]) -> tuple[type, dict[str, Any], list[str]]:
    """`refused s1 bad_stop`, `skipped momentum`, `accepted s1 cut max_position`, `late s1`."""
    values: dict[str, Any] = {"decision": kind}
    if rest and rest[0] not in ("measured", "limit") and kind not in ("skipped", "tripped"):
        values["signal_id" if not rest[0].startswith("c") else "command_id"] = rest[0]
        rest = rest[1:]
        if kind == "accepted" and (not rest or rest[0] != "cut"):
            values["reason"] = ""
    if rest and rest[0] == "cut":
        values["reason"] = f"cut {rest[1]}"
        rest = rest[2:]
    elif len(rest) % 2:
        values["reason"], rest = rest[0], rest[1:]
    return Decision, values, rest


def options(output: type, rest: list[str], text: str) -> dict[str, Any]:
    """The words after the fixed part: `t 0s fee 0.5 take_profit win ambiguous`."""
    values: dict[str, Any] = {}
    left = list(rest)
    while left:
        word = left.pop(0)
        if word in ("not_ambiguous", *FLAGS):
            values[word.removeprefix("not_")] = not word.startswith("not_")
        elif output is Trade and word in ("win", "loss", "breakeven") and "exit_reason" in values:
            values["outcome"] = word
        elif output is Trade and not any(word in known for known in (NUMBERS, TIMES, NAMES, WHOLE)):
            values["exit_reason"] = word
        elif not left:
            raise TableError(f"{word} has no value in: {text}")
        elif word in ("measured", "limit") and output in (Decision, SliceTimer, Alert):
            values[word] = float(left.pop(0))
        elif word in WHOLE:
            values[WHOLE[word]] = int(left.pop(0))
        elif word in TIMES:
            values[TIMES[word]] = instant(left.pop(0))
        elif word in NUMBERS:
            name = "stop" if word == "stop" and output is Position else NUMBERS[word]
            value = left.pop(0)
            values[name] = None if value == "none" else number(value)
        elif word in NAMES:
            values[NAMES[word]] = left.pop(0).strip('"')
        else:
            raise TableError(f"{word} is not known in: {text}")
    return values


def wrong_figures(wishes: Sequence[Wanted], summary: dict[str, Any]) -> list[str]:
    """The statistics that are not as expected: `stat win_rate 0.5`, `stat exits.manual.trades 1`."""
    found: list[str] = []
    for want in wishes:
        for path, value in want.values.items() if want.kind == "stat" else ():
            figure: Any = summary
            for name in path.split("."):
                if isinstance(figure, list):
                    figure = figure[int(name) - 1]
                else:
                    figure = figure.get(name) if isinstance(figure, dict) else None
            if value == "null":
                so = figure is None
            elif isinstance(figure, str) and figure == value:
                so = True
            else:
                so = figure is not None and math.isclose(
                    float(figure), float(value), rel_tol=1e-9, abs_tol=1e-12
                )
            if not so:
                found.append(f"not so: {want.text} (it is {figure})")
    return found


def failures(
    wishes: Sequence[Wanted], outputs: Sequence[Output], last_words: Sequence[Output], drops: Counter[str]
) -> list[str]:
    """What was expected and did not happen."""
    during = unmet([want for want in wishes if not want.at_end], outputs, drops)
    return during + unmet([want for want in wishes if want.at_end], last_words, drops)


def unmet(wishes: Sequence[Wanted], outputs: Sequence[Output], drops: Counter[str]) -> list[str]:
    found: list[str] = []
    for kind in LISTED:
        listed = [want for want in wishes if want.kind == kind]
        happened = [output for output in outputs if isinstance(output, COUNTED[f"{kind}s"])]
        if listed and len(listed) != len(happened):
            found.append(f"{len(listed)} {kind}s are named and {len(happened)} happened")
        found += [
            f"not so: {want.text}"
            for want, output in zip(listed, happened, strict=False)
            if not want.met_by(output)
        ]
    places: dict[str, int] = {}
    for want in wishes:
        if want.kind == "count":
            count = sum(isinstance(output, want.output or type(None)) for output in outputs)
            if count != want.count:
                found.append(f"not so: {want.text} (there are {count})")
        elif want.kind == "dropped":
            if drops[want.values["reason"]] != want.count:
                found.append(f"not so: {want.text} (dropped: {dict(drops)})")
        elif want.kind == "never":
            found += [f"happened: {said(output)}" for output in outputs if want.met_by(output)]
        elif want.kind == "last":
            last = next((output for output in reversed(outputs) if isinstance(output, Equity)), None)
            if last is None or not want.met_by(last):
                found.append(f"not so at the last equity row: {want.text}")
        elif want.kind not in (*LISTED, "stat"):
            start = places.get(want.kind, 0)
            place = next((i for i in range(start, len(outputs)) if want.met_by(outputs[i])), None)
            if place is None:
                found.append(f"not found{' after the one before it' if start else ''}: {want.text}")
            else:
                places[want.kind] = place + 1
    return found
