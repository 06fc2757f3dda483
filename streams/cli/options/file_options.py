"""What a person may say of files that do not say it themselves: `--columns`, `--dates`, `--interval`."""

from collections.abc import Sequence
from typing import get_args

import click

from schemas.errors import MessageError
from streams.cli.options.params import Command, Parsed
from streams.files.survey import Given
from streams.files.tables.forms import Form
from streams.files.values.dates import DateOrder
from streams.files.values.intervals import Interval, interval_of


class ColumnsType(Parsed):
    name = "names"

    def read(self, text: str) -> tuple[str, ...]:
        names = tuple(name.strip() for name in text.split(","))
        if not all(names) or len(set(names)) < len(names):
            raise MessageError("", repr(text), "different names, such as ts,open,high,low,close,volume")
        return names


class IntervalType(Parsed):
    """How long the bars of a symbol are, or of all."""

    name = "interval"

    def read(self, text: str) -> tuple[str, Interval]:
        symbol, _, interval = text.rpartition("=")
        return symbol, interval_of(interval)


def form_options(command: Command) -> Command:
    for option in (
        click.option(
            "--dates", type=click.Choice(get_args(DateOrder)),
            help="What comes first in dates such as 01/05/2026: day, month or year (default: found).",
        ),
        click.option(
            "--columns", type=ColumnsType(), metavar="NAME,NAME",
            help="The columns of csv files without a header: ts,open,high,low,close,volume.",
        ),
    ):  # fmt: skip
        command = option(command)
    return command


def interval_option(command: Command) -> Command:
    text = "Length of the bars, where the file does not say it: 5m, 1h, 1d, 1w, 1mo (default: found)."
    option = click.option(
        "--interval", "intervals", type=IntervalType(), multiple=True, metavar="[SYMBOL=]TIME", help=text
    )
    return option(command)


def form_of(columns: tuple[str, ...] | None, dates: DateOrder | None) -> Form:
    return Form(columns or (), dates)


def intervals_of(intervals: Sequence[tuple[str, Interval]]) -> Given:
    return dict(intervals)
