"""The given half of a row: its market and its inputs, as the engine reads them."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from schemas.columns import BAR, CLOCK, NOT_KNOWN, NOT_QUOTED, TICK, Columns
from schemas.messages import Command, Signal
from streams.engine.model.units import DAY

from .accounts import account_changes
from .table import ACCOUNT, TableError, duration, instant, items, number, pairs, words

FEED = "feed"
SIDES = ("long", "short", "flat")


@dataclass
class Record:
    """One market record."""

    name: str
    ts: int
    kind: int = TICK
    price: int = NOT_QUOTED
    size: int = NOT_KNOWN
    bid: int = NOT_QUOTED
    ask: int = NOT_QUOTED
    open: int = 0
    high: int = 0
    low: int = 0
    interval: int = NOT_KNOWN


@dataclass
class Arrival:
    """An input, and how many market records are read before it arrives."""

    entry: Signal | Command
    after: int


def market_of(text: str) -> list[Record]:
    records: list[Record] = []
    for item in items(text):
        time, kind, *rest = words(item)
        records += daily(instant(time), rest) if kind == "daily" else [record_of(item)]
    return records


def daily(ts: int, rest: list[str]) -> list[Record]:
    """`daily X/Y 100/50 102/51`: a tick of each symbol every day from then."""
    names = rest[0].split("/")
    return [
        Record(name, ts + day * DAY, TICK, number(price))
        for day, prices in enumerate(rest[1:])
        for name, price in zip(names, prices.split("/"), strict=True)
    ]


def record_of(text: str) -> Record:
    """`0s X 100 bid 99 ask 101 size 5`, `0s X quote bid 99 ask 101`, `0s X bar 1 2 1 2 vol 9`, `2m clock`."""
    time, name, *rest = words(text)
    ts = instant(time)
    if name == "clock":
        return Record(FEED, ts, CLOCK)
    if rest[0] != "bar":
        said = pairs(rest[1:], text)
        price = NOT_QUOTED if rest[0] == "quote" else number(rest[0])
        record = Record(name, ts, TICK, price)
        for word in ("size", "bid", "ask"):
            if word in said:
                setattr(record, word, number(said.pop(word)))
    else:
        prices, said = [number(price) for price in rest[1:5]], pairs(rest[5:], text)
        record = Record(name, ts, BAR, prices[3], open=prices[0], high=prices[1], low=prices[2])
        record.size = number(said.pop("vol")) if "vol" in said else NOT_KNOWN
        record.interval = duration(said.pop("int", "60s"))
    if said:
        raise TableError(f"a market record has no {', '.join(said)}: {text}")
    return record


def columns_of(records: list[Record]) -> Columns:
    """A batch; one of ticks only has no columns of bars."""
    names = sorted({record.name for record in records})

    def ints(word: str) -> Any:
        return np.array([getattr(record, word) for record in records], dtype=np.int64)

    columns = Columns(
        names=names,
        symbol=np.array([names.index(record.name) for record in records], dtype=np.int32),
        ts=ints("ts"),
        price=ints("price"),
        size=ints("size"),
        bid=ints("bid"),
        ask=ints("ask"),
    )
    if any(record.kind != TICK for record in records):
        columns.kind = np.array([record.kind for record in records], dtype=np.int8)
        columns.open, columns.high, columns.low = ints("open"), ints("high"), ints("low")
        columns.interval = ints("interval")
    return columns


def batches(records: list[Record], length: int) -> list[Columns]:
    return [columns_of(records[start : start + length]) for start in range(0, len(records), length)]


def inputs_of(text: str) -> list[Arrival]:
    """Signals s1, s2, … and commands c1, c2, … where no id is given."""
    arrivals: list[Arrival] = []
    signals = commands = 0
    for item in items(text):
        times, item = repeated(item)
        time, kind, *rest = words(item)
        after = 0
        if "after" in rest:
            place = rest.index("after")
            after = int(rest[place + 1])
            del rest[place : place + 2]
        if kind in SIDES:
            for _ in range(times):
                signals += 1
                arrivals.append(Arrival(signal_of(f"s{signals}", instant(time), kind, rest, item), after))
        else:
            commands += 1
            arrivals.append(Arrival(command_of(f"c{commands}", instant(time), kind, rest, item), after))
    return arrivals


def repeated(item: str) -> tuple[int, str]:
    """`30 times 0s long X`: that many signals, each with an id of its own."""
    count, times, rest = item.partition(" times ")
    return (int(count), rest) if times else (1, item)


def signal_of(name: str, ts: int, side: str, rest: list[str], text: str) -> Signal:
    said = pairs(rest[1:], text)
    given: dict[str, Any] = {"signal_id": said.pop("id", name), "source": said.pop("src", "src")}
    for word, key in (("q", "quantity"), ("sl", "stop_loss"), ("tp", "take_profit"), ("price", "price")):
        if word in said:
            given[key] = number(said.pop(word))
    if "conf" in said:
        given["confidence"] = float(said.pop("conf"))
    if "expires" in said:
        given["expires_at"] = instant(said.pop("expires"))
    given["features"] = {word[2:]: float(value) for word, value in said.items() if word.startswith("f.")}
    given["theories"] = {word[3:]: float(value) for word, value in said.items() if word.startswith("th.")}
    wrong = [word for word in said if not word.startswith(("f.", "th."))]
    if wrong:
        raise TableError(f"a signal has no {', '.join(wrong)}: {text}")
    return Signal(symbol=rest[0], side=side, ts=ts, **given)  # type: ignore[arg-type]


def command_of(name: str, ts: int, kind: str, rest: list[str], text: str) -> Command:
    given: dict[str, Any] = {}
    if kind == "place":
        given["side"], given["symbol"] = rest[:2]
        said = pairs(rest[2:], text)
        for word, key in (
            ("q", "quantity"),
            ("limit", "limit_price"),
            ("stop", "stop_price"),
            ("trail", "trail"),
            ("tp", "take_profit"),
            ("sl", "stop_loss"),
        ):
            if word in said:
                given[key] = number(said.pop(word))
        given["order_type"] = said.pop("type", None) or order_type(given)
        given["time_in_force"] = said.pop("tif", None)
    elif kind == "close_position":
        given["symbol"] = rest[0]
        said = pairs(rest[1:], text)
        given["lot_id"] = said.pop("lot", None)
    elif kind in ("cancel", "cancel_plan"):
        given["order_id" if kind == "cancel" else "plan_id"] = rest[0]
        said = pairs(rest[1:], text)
    elif kind == "change":
        place = rest.index("plans") if "plans" in rest else len(rest)
        given["settings"] = account_changes(" ".join(rest[:place]))
        said = pairs(rest[place:], text)
        given["plans"] = tuple(said.pop("plans").split(",")) if "plans" in said else ()
    elif kind in ("pause", "resume", "close", "close_all", "kill_switch"):
        said = pairs(rest, text)
    else:
        raise TableError(f"{kind} is neither a side nor a command: {text}")
    if "expires" in said:
        given["expires_at"] = instant(said.pop("expires"))
    command_id = said.pop("id", name)
    if said:
        raise TableError(f"{kind} has no {', '.join(said)}: {text}")
    return Command(command_id=command_id, account=ACCOUNT, kind=kind, ts=ts, **given)  # type: ignore[arg-type]


def order_type(given: dict[str, Any]) -> str:
    if "trail" in given:
        return "trailing"
    if "stop_price" in given:
        return "stop_limit" if "limit_price" in given else "stop"
    return "limit" if "limit_price" in given else "market"
