"""What ClickHouse answers: a table for people, a format of its own for programs.

Rules of this file:
- For people numbers are to the right and rounded, what is not known is a dash, and an answer of few rows that
  is too wide lies on its side.
- For programs ClickHouse writes, and it passes through in pieces. A file appears when it is whole.
"""

import csv
import io
import os
import re
import shutil
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import IO, Any, Literal

import click
from clickhouse_connect.driver.client import Client

from schemas.text.spreadsheets import as_text
from sinks.asking.pieces import CSV, PARQUET, bare_type, expression, pieces
from sinks.asking.questions import Answer, columns_of, select
from streams.cli.options.params import Command
from streams.clients.decimals import decimal_cell
from streams.files.writing.whole import whole
from streams.local.machine.home import find_database

TABLE = "table"
FORMATS: Mapping[str, str] = {"csv": CSV, "json": "JSONEachRow", "parquet": PARQUET}
"""ClickHouse's names."""
SUFFIXES = {".csv": "csv", ".json": "json", ".jsonl": "json", ".parquet": "parquet"}
SELECT = re.compile(r"(?:\s|--[^\n]*\n|/\*.*?\*/)*(?:(?:select|with)\b|\()", re.IGNORECASE | re.DOTALL)
UNKNOWN = "–"
FRACTIONS = frozenset(
    "win_rate share average_share filled_share unrealised_share ambiguous_share exposure_time total_return"
    " return mean_return drawdown max_drawdown cagr better_than_arrival cheapest last_50 to_date".split()
)
"""Columns that people read in percent."""
NUMBERS = ("Decimal", "Float", "Int", "UInt")
FEW_ROWS = 8
CENTS = 2


def output_options(command: Command) -> Command:
    """`--format`, `--json` and `--out`."""
    form = click.option(
        "--format", "form", type=click.Choice([TABLE, *FORMATS]),
        help="table for people; csv, json (one object per line) or parquet for programs.",
    )  # fmt: skip
    out = click.option(
        "--out", type=click.Path(dir_okay=False, path_type=Path),
        help="Write to a file: .csv, .json, .jsonl or .parquet.",
    )  # fmt: skip
    as_json = click.option("--json", "form", flag_value="json", help="The same as --format json.")
    return form(as_json(out(command)))


@contextmanager
def reader() -> Iterator[Client]:
    """Somebody who may look at the results and nothing more."""
    client = find_database(os.environ).reader()
    try:
        yield client
    finally:
        client.close()


def show(
    client: Client,
    statement: str,
    parameters: Mapping[str, str],
    form: str | None,
    out: Path | None,
    name: str,
) -> None:
    """Ask, and give what is found to whom it is for."""
    form = _form(form, out)
    if form == TABLE:
        text = "\n".join(lines(select(client, statement, parameters, name))) + "\n"
        data: Iterator[bytes] = iter([text.encode()])
    else:
        data = written(client, statement, parameters, form, name)
    if out is not None:
        with whole(out) as file:
            _pass_through(data, file)
        return
    try:
        _pass_through(data, sys.stdout.buffer)
    except BrokenPipeError:  # the reader has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _form(form: str | None, out: Path | None) -> str:
    if form is None:
        form = TABLE if out is None else SUFFIXES.get(out.suffix, "")
        if not form:
            raise click.UsageError(f"--out {out}: which format? give --format, or a name that ends in .csv")
    if form == "parquet" and out is None and sys.stdout.isatty():
        raise click.UsageError("parquet cannot be shown on a terminal: give --out FILE")
    return form


def written(
    client: Client, statement: str, parameters: Mapping[str, str], form: str, name: str
) -> Iterator[bytes]:
    """As ClickHouse writes the format."""
    if not SELECT.match(statement):  # nothing that another statement could be made of
        if form == "csv":
            found = select(client, statement, parameters, name)
            for row in (found.columns, *found.rows):
                yield _csv_row(row, csv.QUOTE_NONNUMERIC)  # as ClickHouse does
        else:
            yield from pieces(client, statement, parameters, FORMATS[form], name)
        return
    names, types = columns_of(client, statement, parameters, name)
    if form == "csv":  # the names apart: the embedded one holds a result with names in one piece
        yield _csv_row(names)
    shown = [
        f"{expression(f'`{each}`', typed, FORMATS[form])} AS `{each}`"
        for each, typed in zip(names, types, strict=True)
    ]
    selected = f"SELECT {', '.join(shown)} FROM ({statement}\n)"
    yield from pieces(client, selected, parameters, FORMATS[form], name)


def _csv_row(cells: Sequence[Any], quoting: Literal[0, 2] = csv.QUOTE_MINIMAL) -> bytes:
    row = io.StringIO()
    shown = [as_text(cell) if isinstance(cell, str) else cell for cell in cells]
    csv.writer(row, lineterminator="\n", quoting=quoting).writerow(shown)
    return row.getvalue().encode()


def _pass_through(data: Iterator[bytes], file: IO[bytes]) -> None:
    for piece in data:
        file.write(piece)
    file.flush()


# For people ------------------------------------------------------------------------------------


def lines(answer: Answer, width: int | None = None) -> list[str]:
    """A table; on its side where it is too wide and there are few rows."""
    if not answer.rows:
        return ["nothing"]
    columns = [
        _cells(name, typed, [row[at] for row in answer.rows])
        for at, (name, typed) in enumerate(zip(answer.columns, answer.types, strict=True))
    ]
    heads = list(answer.columns)
    numbers = [_is_number(typed) for typed in answer.types]
    upright = _aligned([heads, *zip(*columns, strict=True)], numbers)
    width = shutil.get_terminal_size((100, 24)).columns if width is None else width
    if len(answer.rows) > FEW_ROWS or max(map(len, upright)) <= width:
        return upright
    on_its_side = [[head, *cells] for head, cells in zip(heads, columns, strict=True)]
    return _aligned(on_its_side, [False, *[True] * len(answer.rows)])


def _aligned(rows: Sequence[Sequence[str]], right: Sequence[bool]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(
            cell.rjust(width) if to_the_right else cell.ljust(width)
            for cell, width, to_the_right in zip(row, widths, right, strict=True)
        ).rstrip()
        for row in rows
    ]


def _is_number(typed: str) -> bool:
    return bare_type(typed).startswith(NUMBERS)


def _cells(name: str, typed: str, values: Sequence[Any]) -> list[str]:
    """A column's values as text."""
    if name in FRACTIONS and _is_number(typed):
        return [UNKNOWN if value is None else f"{100 * value:,.2f}%" for value in values]
    broken = any(isinstance(value, Decimal) and value != value.to_integral_value() for value in values)
    return [_cell(value, CENTS if broken else 0) for value in values]


def _cell(value: Any, least_digits: int) -> str:
    match value:
        case None:
            return UNKNOWN
        case bool():
            return "yes" if value else "no"
        case Decimal():
            return decimal_cell(value, least_digits)
        case float():
            return f"{value:,.2f}" if abs(value) >= 1 or not value else f"{value:.4g}"
        case int():
            return f"{value:,}"
        case datetime():
            return f"{value.astimezone(UTC):%Y-%m-%d %H:%M:%S}"
        case str():
            return " ".join(value.split())
        case _:
            return str(value)
