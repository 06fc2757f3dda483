"""Messages that nobody can read, of every kind, for the topics that take something in.

Rules of this file: each is malformed by how it is made; no reader of ours is asked.
"""

import json
import random
import struct
from collections.abc import Callable
from typing import Any

from schemas.codec import encode
from schemas.kinds import TickBatch
from schemas.messages import Clock, Command, Fill, Message, Signal, Tick
from streams.engine.model.units import HOUR, MINUTE, ONE
from tests.live.instance import wall

Pair = tuple[bytes | None, bytes | None]
Maker = Callable[[random.Random, int], Pair]
"""A key and a value; the number is an event time at which a good one would be right."""

HUGE = 300_000
"""More than is kept of any message."""
KEY = b"GOOD"


def _json(document: Any) -> bytes:
    return json.dumps(document).encode()


def signal(ts: int, **other: Any) -> Signal:
    return Signal(
        **{"signal_id": "bad", "source": "bad", "symbol": "GOOD", "side": "long", "ts": ts, **other}
    )


def command(ts: int, **other: Any) -> Command:
    return Command(**{"command_id": "bad", "account": "paper", "kind": "pause", "ts": ts, **other})


def tick(ts: int, **other: Any) -> Tick:
    return Tick(**{"symbol": "GOOD", "ts": ts, "price": 100 * ONE, **other})


def fill(ts: int) -> Fill:
    return Fill(
        fill_id="f", order_id="o", account="a", symbol="GOOD", side="buy", quantity=1, price=1, fee=0, ts=ts
    )


GOOD: dict[str, Callable[[int], Message]] = {"signals": signal, "commands": command, "ticks": tick}


def _random_bytes(dice: random.Random, ts: int) -> Pair:
    return KEY, bytes([dice.randrange(1, 32)]) + dice.randbytes(dice.randrange(200))


def _empty(dice: random.Random, ts: int) -> Pair:
    return KEY, b""


def _tombstone(dice: random.Random, ts: int) -> Pair:
    return KEY, None


def _huge(dice: random.Random, ts: int) -> Pair:
    return KEY, b"\x01" * (HUGE + dice.randrange(1000))


def _unknown_schema(dice: random.Random, ts: int) -> Pair:
    return KEY, encode(signal(ts))[:2] + dice.randbytes(8) + encode(signal(ts))[10:]


def _half_a_header(dice: random.Random, ts: int) -> Pair:
    return KEY, encode(signal(ts))[: dice.randrange(1, 10)]


def _other_kind(dice: random.Random, ts: int) -> Pair:
    return KEY, encode(fill(ts))


def _of_a_registry(dice: random.Random, ts: int) -> Pair:
    return KEY, b"\0" + struct.pack(">I", dice.randrange(1, 1 << 20)) + encode(signal(ts))[10:]


def _broken_json(dice: random.Random, ts: int) -> Pair:
    return KEY, _json({"signal_id": "bad", "ts": ts, "note": "x" * dice.randrange(50)})[:-1]


def _not_an_object(dice: random.Random, ts: int) -> Pair:
    return KEY, _json(dice.choice([[], ["a"], 17, None, "signal", True]))


def _not_utf_8(dice: random.Random, ts: int) -> Pair:
    return KEY, b'{"symbol": "\xff\xfe", "side": "long"}'


def _deep(dice: random.Random, ts: int) -> Pair:
    return KEY, b'{"extra": ' + b"[" * 5000 + b"]" * 5000 + b"}"


EVERYWHERE: list[Maker] = [
    _random_bytes, _empty, _tombstone, _huge, _unknown_schema, _half_a_header, _other_kind, _of_a_registry,
    _broken_json, _not_an_object, _not_utf_8, _deep,
]  # fmt: skip


def _truncated(make: Callable[[int], Message]) -> Maker:
    def maker(dice: random.Random, ts: int) -> Pair:
        value = encode(make(ts))
        return KEY, value[: dice.randrange(10, len(value) - 1)]

    return maker


def _document(fields: dict[str, Any], wrong: dict[str, list[Any]]) -> Maker:
    """A good JSON object but for one field; ... takes the field away."""

    def maker(dice: random.Random, ts: int) -> Pair:
        name = dice.choice(sorted(wrong))
        value = dice.choice(wrong[name])
        document = {**fields, "ts": ts, name: value}
        return KEY, _json({key: each for key, each in document.items() if each is not ...})

    return maker


_TIMES = [..., "yesterday", "2025-02-30T00:00:00Z", -1, True, [], {}, "9" * 400]
_TEXTS = [..., "", None, 3.5, [], {}]
_AMOUNTS = ["-1", 0, "NaN", "1e999", "x", [], "9" * 40, True]

SIGNALS = _document(
    {"signal_id": "bad", "source": "bad", "symbol": "GOOD", "side": "long"},
    {
        "ts": _TIMES[1:],
        "signal_id": ["", 3.5, [], {}],
        "source": _TEXTS,
        "symbol": _TEXTS,
        "side": [..., "up", "", None, 2, ["long"]],
        "price": _AMOUNTS,
        "quantity": _AMOUNTS,
        "confidence": ["NaN", "high", [], {}],
        "features": [{"momentum": "strong"}, ["momentum"], 1, {"momentum": None, "vsr": []}],
        "tags": ["crypto", {"a": 1}, 3],
    },
)
COMMANDS = _document(
    {"command_id": "bad", "account": "paper", "kind": "pause"},
    {
        "ts": _TIMES[1:],
        "command_id": _TEXTS,
        "account": _TEXTS,
        "kind": [..., "explode", "", None, 7, []],
        "quantity": _AMOUNTS,
        "settings": ["not JSON", "[1]", 5, []],
        "order_type": ["guess", 3],
    },
)
TICKS = _document(
    {"price": "100"},
    {"ts": _TIMES, "price": [..., "x", "NaN", [], True, "9" * 40], "size": ["-1", "x", {}], "bid": ["x", []]},
)


def _without_symbol(dice: random.Random, ts: int) -> Pair:
    return dice.choice([None, b"", b"\xff\xfe"]), encode(tick(ts))


def _far_ahead(dice: random.Random, ts: int) -> Pair:
    """A time that has not come, when the broker takes it in."""
    late = wall() + dice.randrange(MINUTE, 10_000 * HOUR)
    return KEY, encode(dice.choice([tick(late), Clock(feed="bad", ts=late)]))


def _odd_batch(dice: random.Random, ts: int) -> Pair:
    one = struct.pack("<q", 100 * ONE)
    columns = dict.fromkeys(("price", "size", "bid", "ask"), one * 3) | {"ts": struct.pack("<q", ts) * 3}
    columns[dice.choice(sorted(columns))] = one * dice.choice([0, 2]) + b"\0" * dice.choice([0, 1])
    return KEY, encode(TickBatch(symbol="GOOD", **columns))


BAD: dict[str, list[Maker]] = {
    "signals": [*EVERYWHERE, _truncated(signal), SIGNALS, SIGNALS],
    "commands": [*EVERYWHERE, _truncated(command), COMMANDS, COMMANDS],
    "ticks": [*EVERYWHERE, _truncated(tick), TICKS, TICKS, _without_symbol, _far_ahead, _odd_batch],
}
