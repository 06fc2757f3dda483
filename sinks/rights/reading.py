"""What a read-only user may ask: the statement as the engine understands it, held against what is allowed.

Rules of this file:
- The engine rewrites the statement, and shows the tree of what it wrote. What is run is that text, byte
  for byte; until then nothing of it has run: no subquery, no table function, no look at a table.
- The tree is asked for by a handle without any rights, of a text in parentheses: nothing that stands behind a
  SELECT, such as a file to write to, has a place there.
- What the views of a database read is not looked at: whoever made them is responsible for them.
"""

import json
import re
import threading
from collections.abc import Mapping
from typing import Any, NamedTuple

from sinks.engine.engine import Engine, Handle
from sinks.engine.engine_rights import Role
from sinks.rights import query_tree
from sinks.rights.harmless import Functions, NotAllowedError, check_database, check_tables_of

MOST_WRITTEN = 2 << 20
"""Bytes of a statement as the engine writes it anew."""
_QUOTED = re.compile(r"'(?:[^'\\]|\\.)*'|`(?P<name>(?:[^`\\]|\\.)*)`", re.DOTALL)
_NAME_PARAMETER = re.compile(r"\{(\w+): ?Identifier\}")
_FORMAT = re.compile(r" FORMAT (\w+)$")
_SETTINGS_BEHIND = re.compile(r" FORMAT \w+ SETTINGS ")
_NAME = r"(?:\w+|`[^`\\]+`)"
_TABLE = rf"(?:(?P<database>{_NAME})\.)?{_NAME}"
_LIKE = r"(?: (?:NOT )?I?LIKE '(?:[^'\\]|\\.)*')?"
_LOOKS = tuple(
    re.compile(each, re.DOTALL)
    for each in (
        rf"SHOW (?:FULL )?TABLES(?: FROM (?P<database>{_NAME}))?{_LIKE}(?: LIMIT \d+)?",
        rf"SHOW DATABASES{_LIKE}(?: LIMIT \d+)?",
        rf"SHOW CREATE (?:TABLE|VIEW) {_TABLE}",
        rf"EXISTS (?:TABLE|VIEW) {_TABLE}",
    )
)
"""Statements without an expression in them, as the engine writes them."""
_DESCRIBE = "DESCRIBE TABLE "
_ESCAPES = {"\\": "\\\\", "\0": "\\0", "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t"}
_ESCAPED = str.maketrans(_ESCAPES)
_FUNCTIONS = "SELECT name, alias_to, case_insensitive, is_aggregate, higher_order FROM system.functions"


class Statement(NamedTuple):
    """One that a read-only user may run."""

    text: str
    format: str | None
    """The one that it asks for itself."""


class Reading:
    """Says what may be run."""

    def __init__(self, engine: Engine) -> None:
        reader = engine.open(Role.READER)
        try:
            self._functions = Functions(_rows(reader, _FUNCTIONS))
        finally:
            reader.close()
        self._handle = engine.open(Role.NOBODY, {"max_query_size": str(MOST_WRITTEN)})
        self._lock = threading.Lock()

    def close(self) -> None:
        self._handle.close()

    def allowed(self, query: str, parameters: Mapping[str, str], database: str | None = None) -> Statement:
        """The statement as it may be run inside a database; an error says what of it may not."""
        with self._lock:
            text, form = _without_format(self._written(query))
            _check_names(text, parameters)
            if not _only_looks(text, database):
                self._check(_selected(text), parameters)
        return Statement(text, form)

    def _written(self, query: str) -> str:
        """The one statement, without comments, as the engine reads it."""
        ((found),) = _rows(
            self._handle,
            "SELECT formatQuerySingleLine({query:String}) AS written",
            {"query": query.translate(_ESCAPED)},
        )
        return str(found["written"])

    def _check(self, selected: str, parameters: Mapping[str, str]) -> None:
        found = _rows(
            self._handle, f"EXPLAIN QUERY TREE run_passes = 0 SELECT * FROM ({selected})", parameters
        )
        query_tree.check([row["explain"] for row in found], self._functions)


def _without_format(written: str) -> tuple[str, str | None]:
    if _SETTINGS_BEHIND.search(_QUOTED.sub("", written)):
        raise NotAllowedError("a read-only statement may not have SETTINGS; expected them in the address")
    found = _FORMAT.search(written)
    return (written[: found.start()], found[1]) if found else (written, None)


def _check_names(text: str, parameters: Mapping[str, str]) -> None:
    """A name that breaks a line could pass for another node of a tree."""
    names = [found["name"] for found in _QUOTED.finditer(text) if found["name"] is not None]
    names += [parameters.get(found[1], "") for found in _NAME_PARAMETER.finditer(text)]
    for name in names:
        if "\\" in name or not name.isprintable():
            raise NotAllowedError(
                "found a name with a backslash or a control character; expected one without"
            )


def _only_looks(text: str, inside: str | None) -> bool:
    """Whether it asks what there is, and no more."""
    found = next(filter(None, (look.fullmatch(text) for look in _LOOKS)), None)
    if found is None:
        return False
    named = found.groupdict().get("database")
    database = named.strip("`") if named else None
    if text.startswith(("EXISTS", "SHOW CREATE")):
        check_tables_of(database or inside)
    else:
        check_database(database)
    return True


def _selected(text: str) -> str:
    """What of a statement has a tree."""
    if text.startswith(_DESCRIBE):
        return f"SELECT * FROM {text.removeprefix(_DESCRIBE)}"
    if text.startswith(("SELECT ", "WITH ")):
        return text
    raise NotAllowedError(
        "a read-only user may ask SELECT, DESCRIBE, EXISTS, SHOW TABLES, SHOW DATABASES and SHOW CREATE"
    )


def _rows(handle: Handle, query: str, parameters: Mapping[str, str] | None = None) -> list[dict[str, Any]]:
    data = b"".join(handle.read(query, "JSONCompactStringsEachRowWithNames", parameters or {}))
    names, *rows = map(json.loads, data.splitlines())
    return [dict(zip(names, row, strict=True)) for row in rows]
