"""What Ghostfill told, as a test compares it: money as `Decimal`, times as `datetime`."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import cache
from types import SimpleNamespace
from typing import Any

from schemas.catalog import catalog
from schemas.kinds import kind_of
from schemas.messages import Message

UNIT = Decimal("1e-8")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Result(SimpleNamespace):
    """A fill, an order, a trade and so on; its fields are those of the message, by the same names."""


def result_of(message: Message) -> Result:
    readable = _readable(kind_of(message))
    return Result(
        **{
            name: readable[name](value) if value is not None and name in readable else value
            for name in message.__struct_fields__
            for value in (getattr(message, name),)
        }
    )


@cache
def _readable(kind: str) -> dict[str, Callable[[int], Any]]:
    """How the fields are read that are whole numbers in the message and something else to a person."""
    found: dict[str, Callable[[int], Any]] = {}
    for name, type_ in catalog().schemas.current(kind).field_types().items():
        if isinstance(type_, dict) and type_.get("unit") == "1e-8":
            found[name] = _amount
        elif isinstance(type_, dict) and type_.get("logicalType") == "timestamp-micros":
            found[name] = time_of
    return found


def _amount(units: int) -> Decimal:
    """Without zeros at the end that say nothing."""
    whole = (units * UNIT).normalize()
    return whole.quantize(Decimal(1)) if whole == whole.to_integral_value() else whole


def time_of(micros: int) -> datetime:
    return EPOCH + timedelta(microseconds=micros)
