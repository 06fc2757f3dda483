"""Hypothesis strategies: every kind of message, with values that can be."""

from typing import Any, get_args, get_origin

import msgspec
from hypothesis import strategies as st

from schemas.checks import LONGEST
from schemas.kinds import KINDS, TickBatch
from schemas.messages import Command, Message, Tick
from schemas.text.names import is_name
from schemas.text.numbers import LONG_MAX, TIME_END

TIMES = st.integers(0, TIME_END - 1)
POSITIVE = st.integers(1, LONG_MAX)
LONGS = st.integers(-LONG_MAX - 1, LONG_MAX)
FLOATS = st.floats(allow_nan=False, allow_infinity=False)
NAMES = st.text(st.characters(codec="utf-8"), min_size=1, max_size=12)
SEEN = NAMES.filter(is_name)
"""What a name or an id from outside may be."""
MEASURES = st.dictionaries(NAMES, FLOATS, max_size=3)
EXTRA = st.dictionaries(
    NAMES.map("x_".__add__), st.text(st.characters(codec="utf-8"), max_size=8), max_size=2
)
_TIME_FIELDS = {
    "ts",
    "expires_at",
    "due",
    "created",
    "entry_ts",
    "exit_ts",
    "opened",
    "time_limit",
}
_TYPES: dict[Any, st.SearchStrategy[Any]] = {
    int: POSITIVE,
    float: FLOATS,
    str: NAMES,
    bool: st.booleans(),
    bytes: st.binary(max_size=20),
    type(None): st.none(),
}


def _value(field: str, kind: Any) -> st.SearchStrategy[Any]:
    if field in _TIME_FIELDS and kind is int:
        return TIMES
    if kind in _TYPES:
        return _TYPES[kind]
    if get_origin(kind) is dict:
        return EXTRA if field == "extra" else MEASURES
    if get_origin(kind) is tuple:
        return st.lists(NAMES, max_size=3).map(tuple)
    if all(isinstance(word, str) for word in get_args(kind)):
        return st.sampled_from(get_args(kind))
    return st.one_of([_value(field, part) for part in get_args(kind)])


def _ticks() -> st.SearchStrategy[Tick]:
    price = st.none() | LONGS.filter(bool)
    size = st.none() | st.integers(0, LONG_MAX)
    return st.builds(Tick, symbol=SEEN, ts=TIMES, price=price, size=size, bid=price, ask=price)


def _batches() -> st.SearchStrategy[TickBatch]:
    def packed(values: list[int]) -> bytes:
        return b"".join(value.to_bytes(8, "little", signed=True) for value in values)

    def of(count: int) -> st.SearchStrategy[TickBatch]:
        def run(value: st.SearchStrategy[int]) -> st.SearchStrategy[bytes]:
            return st.lists(value, min_size=count, max_size=count).map(packed)

        size = st.integers(-1, LONG_MAX)
        return st.builds(
            TickBatch,
            symbol=SEEN,
            ts=run(TIMES),
            price=run(LONGS),
            size=run(size),
            bid=run(LONGS),
            ask=run(LONGS),
        )

    return st.integers(1, 4).flatmap(of)


def messages(kind: str) -> st.SearchStrategy[Message]:
    """Messages of this kind."""
    made = KINDS[kind]
    if made is Tick:
        return _ticks()
    if made is TickBatch:
        return _batches()
    fields = {field.name: _value(field.name, field.type) for field in msgspec.structs.fields(made)}
    fields |= {
        field.name: SEEN if field.required else st.none() | SEEN
        for field in msgspec.structs.fields(made)
        if field.name in LONGEST.get(made, {})
    }
    if made is Command:
        fields["settings"] = st.none() | st.sampled_from(["{}", '{"balance": "100000"}'])
    return st.builds(made, **fields)
