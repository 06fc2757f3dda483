"""Reads the scenario tables: one line a case, five columns.

Rules of this file:
- `title | account | market | inputs | expect`; `#` begins a comment, which quotes the rule.
- Times count from Monday 2026-01-05 15:00 UTC (10:00 in New York), or are absolute after `@`.
- Decimals become integers of 1e-8 exactly, or the table is wrong.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

from streams.engine.model.units import DAY, HOUR, MILLISECOND, MINUTE, ONE, SECOND

BASE = int(datetime(2026, 1, 5, 15, tzinfo=UTC).timestamp()) * SECOND
UNITS = {"d": DAY, "h": HOUR, "m": MINUTE, "s": SECOND, "ms": MILLISECOND, "us": 1}
COLUMNS = 5
ACCOUNT = "acct"


class TableError(ValueError):
    """A line of a table that cannot be read."""


@dataclass(frozen=True)
class Row:
    """One case."""

    file: str
    line: int
    title: str
    account: str
    market: str
    inputs: str
    expect: str
    quoted: tuple[str, ...] = field(default=())
    """The rule's words above the row."""

    @property
    def id(self) -> str:
        return f"{self.file}:{self.line} {self.title}"

    def __str__(self) -> str:
        parts = [f"{self.file}:{self.line}  {self.title}", *(f"  # {words}" for words in self.quoted)]
        columns = ("account", "market", "inputs", "expect")
        parts += [f"  {name:8}{getattr(self, name)}" for name in columns]
        return "\n".join(parts)


def read_rows(path: Path) -> Iterator[Row]:
    quoted: list[str] = []
    fresh = True
    for number, line in enumerate(path.read_text().splitlines(), 1):
        if line.startswith("#"):
            quoted = [*quoted, line[1:].strip()] if fresh else [line[1:].strip()]
            fresh = True
        elif line.strip():
            fresh = False
            columns = [column.strip() for column in line.split("|")]
            if len(columns) != COLUMNS:
                raise TableError(f"{path.name}:{number}: {len(columns)} columns, expected {COLUMNS}: {line}")
            title, account, market, inputs, expect = columns
            yield Row(path.name, number, title, account, market, inputs, expect, tuple(quoted))


def items(text: str) -> list[str]:
    """What stands between semicolons."""
    return [item.strip() for item in text.split(";") if item.strip()]


def words(text: str) -> list[str]:
    """Words, where braces, brackets and quotes hold their spaces."""
    found: list[str] = []
    depth, quote, fresh = 0, "", True
    for sign in text:
        if quote:
            quote = "" if sign == quote else quote
        elif sign in "\"'":
            quote = sign
        depth += (sign in "[{") - (sign in "]}")
        if sign == " " and depth == 0 and not quote:
            fresh = True
        elif fresh:
            found.append(sign)
            fresh = False
        else:
            found[-1] += sign
    if depth or quote:
        raise TableError(f"a bracket or quote is open in: {text}")
    return found


def number(text: str) -> int:
    """A decimal as an integer of 1e-8."""
    scaled = Decimal(text.replace("_", "")) * ONE
    if scaled != int(scaled):
        raise TableError(f"{text} has more than eight decimals")
    return int(scaled)


def duration(text: str) -> int:
    """`1h30m`, `1.5s`, `-2m` in microseconds."""
    sign, rest = (-1, text[1:]) if text.startswith("-") else (1, text)
    parts = re.findall(r"(\d+(?:\.\d+)?)(us|ms|d|h|m|s)", rest)
    if not parts or "".join(amount + unit for amount, unit in parts) != rest:
        raise TableError(f"{text} is not a duration such as 90s, 1.5s or 1h30m")
    return sign * sum(int(Decimal(amount) * UNITS[unit]) for amount, unit in parts)


def instant(text: str) -> int:
    """A time of the table in UTC microseconds."""
    if text.startswith("@"):
        moment = datetime.fromisoformat(text[1:])
        return int(moment.timestamp()) * SECOND + moment.microsecond
    return BASE + duration(text)


def pairs(names: list[str], where: str) -> dict[str, str]:
    """`q 10 sl 98` as a mapping."""
    if len(names) % 2:
        raise TableError(f"a word without its value in: {where}")
    return dict(zip(names[::2], names[1::2], strict=True))
