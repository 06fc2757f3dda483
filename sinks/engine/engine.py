"""The ClickHouse engine in this process: it owns one folder, and nobody else may.

Rules of this file:
- A handle is a session: what is set in it, and its temporary tables, end with it.
- A handle has a role from its beginning; one that reads is told so too, and changes nothing.
- Calls block; a handle serves one thread at a time.
"""

import re
import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from itertools import starmap
from pathlib import Path
from typing import Any, NamedTuple, cast
from urllib.parse import urlencode

import chdb

from sinks.engine.engine_rights import Role, write_rights

_CODE = re.compile(r"Code: (\d+)[.,]")
_SETTING = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
NOT_STREAMED = "Streaming query is not supported"
STREAMED = frozenset(
    {"Native", "TabSeparated", "TSV", "CSV", "JSONEachRow", "JSONCompactEachRow", "RowBinary"}
)
"""Formats without a beginning and an end: each piece of a result is written as if it were all."""
NOT_BYTES = frozenset({"dataframe", "arrowtable", "datastore"})
"""Formats of chdb's own: objects of Python."""
UNKNOWN_FORMAT, UNKNOWN_SETTING, UNKNOWN = 73, 115, 1002
MARK = "log_comment"
"""The setting by which a running statement is found."""


class EngineError(Exception):
    """The engine refused; the code is ClickHouse's."""

    def __init__(self, text: str) -> None:
        found = _CODE.search(text)
        super().__init__(text[found.start() :] if found else text)
        self.code = int(found[1]) if found else UNKNOWN


class Engine:
    """The engine and its folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self._rights = write_rights(folder)
        self._first = self.open()
        """As long as one handle is open the folder is ours."""
        self.incoming = folder / "incoming"
        """For data on its way into a table; what a death left there goes."""
        shutil.rmtree(self.incoming, ignore_errors=True)
        self.incoming.mkdir()

    def open(self, role: Role = Role.OWNER, settings: Mapping[str, str] | None = None) -> "Handle":
        """A new session. `settings` hold from its beginning; with `readonly` they are the last."""
        told = urlencode({"config-file": str(self._rights), **(settings or {})})
        with _refusals():
            handle = Handle(chdb.connect(f"{self.folder}?{told}"))
        try:
            handle.command(f"SET ROLE {role}")
        except EngineError:
            handle.close()
            raise
        return handle

    def kill(self, mark: str) -> None:
        """Tell the statement with that `MARK` to end; it does at the end of a block."""
        handle = self.open()
        try:
            handle.command(f"KILL QUERY WHERE Settings['{MARK}'] = {_quoted(mark)} ASYNC")
        finally:
            handle.close()

    def close(self) -> None:
        self._first.close()


class Written(NamedTuple):
    """What an insert came to."""

    rows: int
    bytes: int


class Handle:
    """One session."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    def close(self) -> None:
        self._connection.close()

    def use(self, database: str) -> None:
        self.command(f"USE `{database.replace('`', '``')}`")

    def set(self, settings: Mapping[str, str]) -> None:
        """All of them, or none: in one statement `readonly` does not forbid the others."""
        self.command(f"SET {', '.join(starmap(_set, settings.items()))}")

    def command(self, query: str) -> bytes:
        with _refusals():
            return cast(bytes, self._connection.query(query, "TabSeparated").bytes())

    def read(self, query: str, form: str, parameters: Mapping[str, str]) -> Iterator[bytes]:
        """The result in pieces."""
        if form.lower() in NOT_BYTES:
            raise EngineError(f"Code: {UNKNOWN_FORMAT}. DB::Exception: Unknown format {form}")
        with _refusals():
            for piece in self._pieces(query, form, dict(parameters)):
                yield cast(bytes, piece.bytes())

    def _pieces(self, query: str, form: str, parameters: dict[str, str]) -> Iterable[Any]:
        if form in STREAMED:
            try:
                return cast(Iterable[Any], self._connection.send_query(query, form, params=parameters))
            except chdb.ChdbError as error:
                if NOT_STREAMED not in str(error):
                    raise
        return [self._connection.query(query, form, params=parameters)]

    def insert(self, head: str, settings: str, form: str, file: Path) -> Written:
        """Insert what is in a file. (What chdb takes in pieces it acknowledges even where it fails.)"""
        name = _quoted(str(file))
        statement = f"{head} FROM INFILE {name} COMPRESSION 'none' {settings} FORMAT {form}"
        with _refusals():
            done = self._connection.query(statement, "TabSeparated")
        return Written(done.rows_written(), done.bytes_written())


def _set(name: str, value: str) -> str:
    if not _SETTING.fullmatch(name):
        raise EngineError(f"Code: {UNKNOWN_SETTING}. DB::Exception: there is no setting {name!r}")
    return f"{name} = {_quoted(value)}"


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


@contextmanager
def _refusals() -> Iterator[None]:
    try:
        yield
    except (RuntimeError, chdb.ChdbError) as error:
        raise EngineError(str(error)) from error
