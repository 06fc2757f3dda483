"""What must be known of a statement to hand it over: over HTTP an insert and its data come as one.

Rules of this file: it looks at words only; whether a statement is right is the engine's to say.
"""

import re
from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple

_TOKEN = re.compile(
    r"""
    \s+ | --[^\n]* | /\*.*?(?:\*/|\Z)
    | '(?:[^'\\]|\\.)*+(?:'|\\?\Z) | "(?:[^"\\]|\\.)*+(?:"|\\?\Z) | `(?:[^`\\]|\\.)*+(?:`|\\?\Z)
    | \w+ | .
    """,
    re.VERBOSE | re.DOTALL,
)
"""What is not closed goes on to the end: else a text of quotes would be read again from each of them."""
_NOTHING = ("--", "/*")
_FORMAT = re.compile(r"\s+(\w+)[ \t]*;?(?:\r?\n)?")
_ENDS = frozenset({"format", "values", "select", "with"})
"""The words of which the first, outside of parentheses, ends an insert's head."""


class Insert(NamedTuple):
    """Data that goes into a table."""

    head: str
    """The table and its columns."""
    settings: str
    """The clause, if there is one."""
    format: str
    data: str
    """What of the data came with the statement."""


def insert_of(query: str) -> Insert | None:
    """None: no insert, or one of what a query finds."""
    tokens = _tokens(query)
    _, first = next(tokens, (0, ""))
    if first.lower() != "insert":
        return None
    depth, settings = 0, None
    for at, token in tokens:
        depth += (token == "(") - (token == ")")
        word = token.lower()
        if depth == 0 and word == "settings":
            settings = at
        if depth == 0 and word in _ENDS:
            return _insert(query, at if settings is None else settings, at, word)
    return None


def format_of(query: str) -> str | None:
    """The format that the statement itself asks for: the clause is one of its last."""
    words = [text for _, text in _tokens(query)]
    for at in range(len(words) - 2, 0, -1):
        follows = words[at + 2].lower() if at + 2 < len(words) else ";"
        if words[at].lower() == "format" and follows in (";", "settings"):
            return words[at + 1]
    return None


def names_a_file(query: str) -> bool:
    """INTO OUTFILE and FROM INFILE are a client's: here they would be this process's files.

    It is a hint for users who may do everything; what a read-only user may do is said in `reading`.
    """
    words = [text.lower() for _, text in _tokens(query)]
    return any(pair in (("into", "outfile"), ("from", "infile")) for pair in pairwise(words))


def _insert(query: str, settings: int, at: int, word: str) -> Insert | None:
    head = query[:settings], query[settings:at]
    if word == "values":
        return Insert(*head, "Values", query[at + len(word) :])
    found = _FORMAT.match(query, at + len(word)) if word == "format" else None
    return Insert(*head, found[1], query[found.end() :]) if found else None


def _tokens(query: str) -> Iterator[tuple[int, str]]:
    for found in _TOKEN.finditer(query):
        text = found[0]
        if not text.isspace() and not text.startswith(_NOTHING):
            yield found.start(), text
