"""A result as ClickHouse writes it, piece by piece: memory stays flat however long it is.

Rules of this file:
- A result that an error cut short is no result; the error is told.
- Times are ISO in UTC, and of an enum the word. In CSV what is not there is empty, and a text that a
  spreadsheet would take for a formula has an apostrophe in front.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import ClickHouseError, StreamFailureError
from urllib3.exceptions import HTTPError

from schemas.text.spreadsheets import FORMULA
from sinks.database.database import DatabaseError
from sinks.database.refusals import refused
from sinks.database.unread import stream

CSV, PARQUET = "CSV", "Parquet"
"""ClickHouse's names."""
ISO = "%Y-%m-%dT%H:%i:%S.%fZ"
_FORMULA = "'" + FORMULA.replace("\\", "\\\\").replace("'", "\\'") + "'"
"""As a literal in SQL."""


def pieces(
    client: Client,
    statement: str,
    parameters: Mapping[str, Any],
    form: str,
    name: str,
) -> Iterator[bytes]:
    """`form` is one of ClickHouse's formats; `name` is what errors call the statement."""
    try:
        yield from stream(client, statement, parameters, form)
    except StreamFailureError as error:
        raise DatabaseError(str(error)) from error
    except (ClickHouseError, HTTPError) as error:
        raise refused(name, error) from error


def expression(column: str, typed: str, form: str) -> str:
    """What to select of a column of that type so that it is written by these rules."""
    bare, value = bare_type(typed), column
    if bare.startswith("Enum"):
        value = f"toString({column})"
    elif bare.startswith("DateTime64") and form != PARQUET:
        value = f"formatDateTime({column}, '{ISO}', 'UTC')"
    elif bare.startswith(("String", "FixedString")) and form == CSV:
        value = f"if(match({column}, {_FORMULA}), concat('\\'', {column}), {column})"
    if form == CSV and typed.removeprefix("LowCardinality(").startswith("Nullable("):
        return f"ifNull(toString({value}), '')"  # ClickHouse would write \\N
    return value


def bare_type(typed: str) -> str:
    """Without what surrounds it."""
    for wrapper in ("LowCardinality(", "Nullable("):
        typed = typed.removeprefix(wrapper)
    return typed
