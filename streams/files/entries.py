"""Files of signals and commands, from any table: a csv with a column each, or a JSON object a line."""

import json
import math
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import msgspec
import numpy as np

from schemas.checks import LONGEST
from schemas.messages import Command, CommandKind, OrderSide, OrderType, Side, Signal, TimeInForce
from schemas.text.ids import signal_id
from schemas.text.names import expected, is_name
from schemas.wire.json_values import SAME_WORDS
from streams.accounts import SettingsError, changed_settings
from streams.files.tables.forms import AS_IT_SAYS, Form, read_rows
from streams.files.tables.names import COMMANDS, SIGNALS, Names, require, resolve
from streams.files.tables.rows import NumberRows
from streams.files.tables.tables import FileBlock, Read, unheard
from streams.files.values.faults import BadRows, Good

AMOUNTS = frozenset("price take_profit stop_loss quantity limit_price stop_price trail".split())
TIMES = frozenset({"ts", "expires_at"})
OBJECTS = frozenset({"features", "theories"})
LISTS = frozenset({"tags", "plans"})

CHOICES: dict[type, dict[str, tuple[str, ...]]] = {
    Signal: {"side": get_args(Side)},
    Command: {
        "kind": get_args(CommandKind),
        "side": get_args(OrderSide),
        "order_type": get_args(OrderType),
        "time_in_force": get_args(TimeInForce),
    },
}


def read_signals(
    path: Path,
    bad: BadRows,
    symbol: str | None = None,
    *,
    source: str | None = None,
    side: str | None = None,
    form: Form = AS_IT_SAYS,
    progress: Read = unheard,
) -> Iterator[Signal]:
    """A file's signals; what a row does not name is what is given here, the source else the file's name."""
    given = {"source": source or path.name.split(".")[0], "symbol": symbol, "side": side}
    usual = {name: value for name, value in given.items() if value is not None}
    needed = [name for name in ("symbol", "side", "ts") if name not in usual]
    good = Good(path, bad)
    for block in read_rows(path, SIGNALS, bad, form, progress):
        fields = _fields(block, SIGNALS, needed, bad)
        _add_features(block, fields)
        for at, row in fields:
            typed = _typed_row(block, SIGNALS, at, {**usual, **row}, Signal, bad)
            if typed is None:
                continue
            if "signal_id" not in typed:
                typed["signal_id"] = signal_id(*(typed[name] for name in ("source", "symbol", "ts", "side")))
            good.add(1)
            yield Signal(**typed)
    good.require_some()


def read_commands(
    path: Path, bad: BadRows, form: Form = AS_IT_SAYS, progress: Read = unheard
) -> Iterator[Command]:
    """A file's commands. Without a column of its own the id is the file's name and the line."""
    stem = path.name.split(".")[0]
    good = Good(path, bad)
    for block in read_rows(path, COMMANDS, bad, form, progress):
        for at, row in _fields(block, COMMANDS, ["account", "kind", "ts"], bad):
            row.setdefault("command_id", f"{stem}-{block.rows[at]}")
            if not _in_engine_units(block, at, row, bad):
                continue
            typed = _typed_row(block, COMMANDS, at, row, Command, bad)
            if typed is not None:
                good.add(1)
                yield Command(**typed)
    good.require_some()


def _in_engine_units(block: FileBlock, at: int, row: dict[str, Any], bad: BadRows) -> bool:
    """Settings are written as in an account file, and told to the engine as its own."""
    if "settings" not in row:
        return True
    try:
        row["settings"] = changed_settings(row["settings"], "settings")
    except SettingsError as error:
        bad.add(block.bad(at, "settings", "; ".join(error.faults)))
        return False
    return True


def _fields(
    block: FileBlock, names: Names, needed: list[str], bad: BadRows
) -> list[tuple[int, dict[str, Any]]]:
    """The good rows as the fields that they give."""
    rows = NumberRows(block, require(block, names, needed), bad)
    cells: dict[str, list[Any]] = {}
    for name in rows.resolved:
        if name in AMOUNTS:
            cells[name] = rows.amounts(name)
        elif name in TIMES:
            cells[name] = rows.times(name)
        else:
            cells[name] = rows.texts(name)
    for name in needed:
        rows.refuse(name, np.array([cell is None for cell in cells[name]]), f"a {name}")
    good = np.flatnonzero(rows.good()).tolist()
    return [(at, {name: cell[at] for name, cell in cells.items() if cell[at] is not None}) for at in good]


def _add_features(block: FileBlock, fields: list[tuple[int, dict[str, Any]]]) -> None:
    """Columns that a signal does not know are features where they are numbers, else kept as they are."""
    known = set(resolve(SIGNALS, block.columns).values())
    others = {name: block.columns[name].to_pylist() for name in block.columns if name not in known}
    for at, row in fields:
        for name, cells in others.items():
            if cells[at] is None:
                continue
            number = _number(cells[at])
            if number is not None:
                row.setdefault("_features", {})[name] = number
            else:
                row.setdefault("extra", {})[name] = _json(str(cells[at]))


def _json(cell: str) -> str:
    return cell if cell.startswith(("{", "[")) else json.dumps(cell)


def _number(cell: object) -> float | None:
    if isinstance(cell, bool):
        return None
    try:
        number = float(cell)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return None
    return number if math.isfinite(number) else None


def _typed_row(
    block: FileBlock, names: Names, at: int, row: dict[str, Any], kind: type, bad: BadRows
) -> dict[str, Any] | None:
    """The fields of the message; None where the row is no such message."""
    features = row.pop("_features", {})
    try:
        typed = {name: _typed(name, value, kind) for name, value in row.items()}
    except _WrongError as wrong:
        column = resolve(names, block.columns).get(wrong.name, wrong.name)
        bad.add(block.bad(at, column, wrong.expected))
        return None
    if features:
        typed["features"] = {**features, **typed.get("features", {})}
    return typed


class _WrongError(Exception):
    def __init__(self, name: str, expected: str) -> None:
        self.name, self.expected = name, expected


def _typed(name: str, value: Any, kind: type) -> Any:
    if name in OBJECTS:
        return _decoded(name, value, dict[str, float], "a JSON object of numbers")
    if name in LISTS:
        if value.startswith("["):
            return tuple(_decoded(name, value, list[str], "a JSON list of texts"))
        return tuple(part for part in re.split(r"[;|,\s]+", value) if part)
    if name == "confidence":
        number = _number(value)
        if number is None:
            raise _WrongError(name, "a number")
        return number
    most = LONGEST[kind].get(name)
    if most is not None and not is_name(value, most):
        raise _WrongError(name, expected(most))
    choices = CHOICES[kind].get(name)
    if choices is None:
        return value
    known = {choice.lower(): choice for choice in choices}
    if kind is Signal:
        known |= SAME_WORDS["Side"]
        value = value.removesuffix(".0")
    if value.lower() not in known:
        raise _WrongError(name, " or ".join(choices))
    return known[value.lower()]


def _decoded(name: str, text: str, kind: Any, expected: str) -> Any:
    try:
        return msgspec.json.decode(text, type=kind, strict=False)
    except msgspec.DecodeError:
        raise _WrongError(name, expected) from None
