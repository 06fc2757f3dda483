"""What a message from outside must satisfy beyond its types, in JSON and in Avro alike.

Rules of this file: it tests what is impossible, never what is unwise. Prices of the market may be nonsense
(the engine counts and drops those); a wish for minus ten shares is an error.
"""

import math
from collections.abc import Mapping

import orjson

from schemas.errors import NOTHING, MessageError, shorten
from schemas.messages import Bar, Clock, Command, Message, Signal, Tick
from schemas.text.names import LONGEST_ID, LONGEST_NAME, check_name
from schemas.text.numbers import TIME_END, decimal_text

_POSITIVE: Mapping[type[Message], tuple[str, ...]] = {
    Signal: ("price", "take_profit", "stop_loss", "quantity"),
    Command: ("quantity", "limit_price", "stop_price", "trail", "take_profit", "stop_loss"),
    Bar: ("interval",),
}
_NOT_NEGATIVE: Mapping[type[Message], tuple[str, ...]] = {Tick: ("size",), Bar: ("volume",)}
_TIMES: Mapping[type[Message], tuple[str, ...]] = {
    Signal: ("ts", "expires_at"),
    Command: ("ts", "expires_at"),
    Tick: ("ts",),
    Bar: ("ts",),
    Clock: ("ts",),
}
LONGEST: Mapping[type[Message], Mapping[str, int]] = {
    Signal: {"signal_id": LONGEST_ID, "source": LONGEST_NAME, "symbol": LONGEST_NAME},
    Command: {
        **dict.fromkeys(("command_id", "order_id", "plan_id", "lot_id"), LONGEST_ID),
        **dict.fromkeys(("account", "symbol"), LONGEST_NAME),
    },
    Tick: {"symbol": LONGEST_NAME},
    Bar: {"symbol": LONGEST_NAME},
    Clock: {"feed": LONGEST_NAME},
}
"""The names and ids of a message, and how many characters each may have."""


def check(message: Message) -> Message:
    """The message itself, or an error that names its first impossible field."""
    kind = type(message)
    for field, most in LONGEST.get(kind, {}).items():
        value = getattr(message, field)
        if value is not None:
            check_name(field, value, most)
    for field in _TIMES.get(kind, ()):
        value = getattr(message, field)
        if value is not None and not 0 <= value < TIME_END:
            raise MessageError(field, str(value), "microseconds since 1970, before the year 10000")
    for field in _POSITIVE.get(kind, ()):
        value = getattr(message, field)
        if value is not None and value <= 0:
            raise MessageError(field, _shown(field, value), "more than 0")
    for field in _NOT_NEGATIVE.get(kind, ()):
        value = getattr(message, field)
        if value is not None and value < 0:
            raise MessageError(field, _shown(field, value), "0 or more")
    if isinstance(message, Signal):
        _check_measures(message)
    elif isinstance(message, Command) and message.settings is not None:
        _check_settings(message.settings)
    return message


def _shown(field: str, value: int) -> str:
    return str(value) if field == "interval" else decimal_text(value)


def _check_measures(signal: Signal) -> None:
    if signal.confidence is not None and not math.isfinite(signal.confidence):
        raise MessageError("confidence", str(signal.confidence), "a finite number")
    for field in ("features", "theories"):
        for name, value in getattr(signal, field).items():
            if not math.isfinite(value):
                raise MessageError(f"{field}.{name}", str(value), "a finite number")


def _check_settings(settings: str) -> None:
    try:
        document = orjson.loads(settings)
    except orjson.JSONDecodeError as error:
        raise MessageError("settings", shorten(settings), f"JSON ({error})") from error
    if type(document) is not dict:
        raise MessageError("settings", shorten(settings), "a JSON object")


def check_quoted(tick: Tick) -> Tick:
    """A tick in JSON that says no price at all is a mistake in its field names."""
    if tick.price is None and tick.bid is None and tick.ask is None:
        raise MessageError("price", NOTHING, "a price, or a bid and an ask")
    return tick
