"""Questions about the results: each is a file of SQL, asked by its name.

Rules of this file:
- A file's first line says what it answers; a line for each parameter of its own follows, then one SELECT.
- `account`, `symbol`, `since` and `until` mean the same in every file. What is not given asks for everything.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import ClickHouseError
from clickhouse_connect.driver.query import QueryResult

from sinks.database import unread
from sinks.database.database import DatabaseError
from sinks.database.refusals import refused
from sinks.database.unread import TooMuchError

FOLDER = Path(__file__).parent / "queries"
Columns = tuple[tuple[str, ...], tuple[str, ...]]
_PLACEHOLDER = re.compile(r"\{(\w+): ?([^{}]+)\}")
_PARAMETER = re.compile(r"-- (\w+)(?: = (.*?))?: (.+)")


class QuestionError(DatabaseError):
    """A question cannot be asked like this; says what was expected."""


class Answer(NamedTuple):
    """What a question found."""

    columns: tuple[str, ...]
    types: tuple[str, ...]
    """ClickHouse's."""
    rows: list[tuple[Any, ...]]

    def dicts(self) -> list[dict[str, Any]]:
        """The rows by the names of their columns."""
        return [dict(zip(self.columns, row, strict=True)) for row in self.rows]


class Parameter(NamedTuple):
    """What a question may be told."""

    type: str
    default: str | None
    """As text; None: it must be given."""
    doc: str


COMMON: Mapping[str, Parameter] = {
    "account": Parameter("String", "", "one account"),
    "symbol": Parameter("String", "", "one symbol"),
    "since": Parameter("DateTime64(6, 'UTC')", "1970-01-01 00:00:00", "from this time on"),
    "until": Parameter("DateTime64(6, 'UTC')", "2262-01-01 00:00:00", "before this time"),
}


@dataclass(frozen=True)
class Question:
    """One file."""

    name: str
    doc: str
    parameters: Mapping[str, Parameter]
    statement: str

    def bound(self, given: Mapping[str, Any]) -> dict[str, str]:
        """Each parameter's value as text; None is not given."""
        told = {name: value for name, value in given.items() if value is not None}
        if unknown := sorted(set(told) - set(self.parameters)):
            takes = ", ".join(self.parameters) or "nothing"
            raise QuestionError(f"{self.name} takes no {unknown[0]}; it takes {takes}")
        return {
            name: self._text(name, told.get(name, parameter.default))
            for name, parameter in self.parameters.items()
        }

    def _text(self, name: str, value: Any) -> str:
        parameter = self.parameters[name]
        if value is None:
            raise QuestionError(f"{self.name} needs {name}: {parameter.doc}")
        if parameter.type.startswith("DateTime"):
            return _moment(name, value)
        if parameter.type.startswith("UInt") and not str(value).isdecimal():
            raise QuestionError(f"{name}: found {value}; expected a whole number")
        return str(value)


def questions(folder: Path = FOLDER) -> dict[str, Question]:
    """All of a folder, by name."""
    return {file.stem: read(file.stem, file.read_text("utf-8")) for file in sorted(folder.glob("*.sql"))}


def ask(client: Client, name: str, **parameters: Any) -> Answer:
    """The answer to one of ours."""
    return answer(client, _known(name), parameters)


def answer(client: Client, question: Question, given: Mapping[str, Any]) -> Answer:
    return select(client, question.statement, question.bound(given), question.name)


def select(
    client: Client,
    statement: str,
    parameters: Mapping[str, str],
    name: str,
    most_bytes: int | None = None,
) -> Answer:
    """What any statement finds; `name` is what errors call it. `most_bytes` is for one without parameters."""
    try:
        result = _result(client, statement, parameters, most_bytes)
        rows = [tuple(row) for row in result.result_rows]
    except TooMuchError as error:
        raise DatabaseError(f"{name}: {error}") from error
    except ClickHouseError as error:
        raise refused(name, error) from error
    if not result.column_names:  # an answer without rows may come without its columns
        return Answer(*columns_of(client, statement, parameters, name), rows)
    return Answer(tuple(result.column_names), tuple(each.name for each in result.column_types), rows)


def columns_of(client: Client, statement: str, parameters: Mapping[str, str], name: str) -> Columns:
    """Names and types of what a statement finds."""
    try:
        found = _result(client, f"DESCRIBE TABLE ({statement}\n)", parameters)
        names, types, *_ = zip(*found.result_rows, strict=True)
    except ClickHouseError as error:
        raise refused(name, error) from error
    return names, types


def _result(
    client: Client, statement: str, parameters: Mapping[str, str], most_bytes: int | None = None
) -> QueryResult:
    """Without parameters it may be a person's own, which the client's library must not look at."""
    if not parameters:
        return unread.rows(client, statement, most_bytes)
    return client.query(statement, parameters=dict(parameters), tz_mode="aware")


def read(name: str, text: str) -> Question:
    """A file's text."""
    first, *lines = text.strip().splitlines() or [""]
    if not first.startswith("-- "):
        raise QuestionError(f"{name}.sql: the first line must say what it answers, as `-- What …`")
    types = {found[1]: found[2] for found in _PLACEHOLDER.finditer(text)}
    said = {found[1]: (found[2], found[3]) for line in lines if (found := _PARAMETER.fullmatch(line))}
    parameters = {name: _parameter(name, kind, said) for name, kind in types.items()}
    order = [*COMMON, *said, *parameters]
    return Question(
        name,
        first.removeprefix("-- "),
        {each: parameters[each] for each in dict.fromkeys(order) if each in parameters},
        text.strip().rstrip(";"),
    )


def _parameter(name: str, kind: str, said: Mapping[str, tuple[str | None, str]]) -> Parameter:
    if name in said:
        default, doc = said[name]
        return Parameter(kind, default, doc)
    common = COMMON.get(name)
    return common._replace(type=kind) if common is not None else Parameter(kind, None, kind)


def _known(name: str) -> Question:
    known = _ours()
    if name not in known:
        raise QuestionError(f"no query {name}; there are {', '.join(known)}")
    return known[name]


@cache
def _ours() -> dict[str, Question]:
    return questions()


def _moment(name: str, value: Any) -> str:
    """As ClickHouse reads it; a time without a zone is UTC."""
    if isinstance(value, date) and not isinstance(value, datetime):
        value = value.isoformat()
    try:
        if isinstance(value, str):
            value = datetime.fromisoformat(value)
        moment = value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise QuestionError(
            f"{name}: found {value}; expected a time such as 2026-01-05 or 2026-01-05T14:30:00Z"
        ) from error
    return f"{moment:%Y-%m-%d %H:%M:%S.%f}"
