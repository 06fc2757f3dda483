"""Values on the command line that are more than text: amounts, times, speeds, settings."""

import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import click

from schemas.errors import MessageError
from schemas.text import numbers

REGISTRY = "SCHEMA_REGISTRY_URL"
"""What names the registry of schemas, for all who read or write Avro."""
AGO = re.compile(r"(\d+)(min|h|d|w)")
UNITS = {"min": "minutes", "h": "hours", "d": "days", "w": "weeks"}
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

Command = TypeVar("Command", bound=Callable[..., Any])


class Parsed(click.ParamType):
    """Converts text once; what is converted already stays."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if not isinstance(value, str):
            return value
        try:
            return self.read(value)
        except MessageError as error:
            self.fail(f"found {error.found}; expected {error.expected}", param, ctx)

    def read(self, text: str) -> Any:
        raise NotImplementedError


class AmountType(Parsed):
    """A price or a quantity above zero, as an integer of 1e-8."""

    name = "amount"

    def read(self, text: str) -> int:
        amount = numbers.decimal("", text)
        if amount <= 0:
            raise MessageError("", repr(text), "an amount above 0")
        return amount


class TimeType(Parsed):
    """A time, in microseconds since 1970."""

    name = "time"

    def read(self, text: str) -> int:
        return numbers.time("", text)


class MomentType(Parsed):
    """A time, or how long ago."""

    name = "time"

    def read(self, text: str) -> datetime:
        try:
            if ago := AGO.fullmatch(text):
                return datetime.now(UTC) - timedelta(**{UNITS[ago[2]]: int(ago[1])})
            return EPOCH + timedelta(microseconds=numbers.time("", text))
        except (MessageError, OverflowError) as error:
            expected = "a time such as 2026-01-05T14:30Z, or 7d, 12h, 30min ago"
            raise MessageError("", text, expected) from error


class SpeedType(Parsed):
    """How many seconds of event time pass in one of the wall; None for `max`."""

    name = "speed"

    def read(self, text: str) -> float | None:
        match = re.fullmatch(r"(\d+(?:\.\d+)?)x?", text)
        if text == "max" or match is None or not float(match[1]):
            if text != "max":
                raise MessageError("", repr(text), "1x, 60x or another such factor, or max")
            return None
        return float(match[1])


AMOUNT, TIME, MOMENT, SPEED = AmountType(), TimeType(), MomentType(), SpeedType()


def since_option(command: Command) -> Command:
    text = "From this time on: 2026-01-05, or 7d for the last seven days."
    return click.option("--since", type=MOMENT, help=text)(command)


def until_option(command: Command) -> Command:
    return click.option("--until", type=MOMENT, help="Before this time.")(command)


def pairs(texts: Sequence[str]) -> dict[str, str]:
    """The keys and values of `--set key=value`."""
    found = {}
    for text in texts:
        key, equals, value = text.partition("=")
        if not equals:
            raise click.UsageError(f'--set {text}: expected KEY=VALUE, such as --set "stop_loss=2%"')
        found[key.strip()] = value
    return found
