"""Rows and lines from outside as the JSON of a signal or a command, which the codec then reads.

Rules of this file: names are understood as in the files that `replay` reads; a number that a signal does not
know is a feature.
"""

import json
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import click

from schemas.checks import check_quoted
from schemas.codec import default_codec
from schemas.errors import MessageError
from schemas.messages import Command, Message, Signal, Tick
from schemas.wire.json_text import market_kind, parse
from streams.accounts import SettingsError, changed_settings, check_new_name, parse_account
from streams.files.tables.names import COMMANDS, SIGNALS, Names, resolve

EXTRA = "extra"

Cells = Mapping[str, Any]
Now = Callable[[], int]


@dataclass(frozen=True, slots=True)
class Usual:
    """What a row or line means that does not say it."""

    source: str
    now: Now
    side: str | None = None
    symbol: str | None = None


def signal_of(cells: Cells, usual: Usual) -> Signal:
    document = _named(cells, SIGNALS)
    document.setdefault("source", usual.source)
    for name, value in (("side", usual.side), ("symbol", usual.symbol)):
        if value is not None:
            document.setdefault(name, value)
    _set_time(document, usual)
    if isinstance(document.get("tags"), str):
        document["tags"] = _listed(document["tags"])
    _add_unknown(cells, document)
    signal = default_codec().read_json("signal", document)
    assert isinstance(signal, Signal)
    return signal


def command_of(cells: Cells, usual: Usual, command_id: str | None = None) -> Command:
    """A command whose settings are as a person writes them, and hold."""
    document = _named(cells, COMMANDS)
    _set_time(document, usual)
    document.setdefault("command_id", command_id or uuid4().hex)
    if isinstance(document.get("plans"), str):
        document["plans"] = _listed(document["plans"])
    command = default_codec().read_json("command", document)
    assert isinstance(command, Command)
    _check_settings(command)
    return command


def _set_time(document: dict[str, Any], usual: Usual) -> None:
    """Asked for only where it is needed: it may not be known."""
    if "ts" not in document:
        document["ts"] = usual.now()


def market_record_of(cells: Cells, usual: Usual) -> Message:
    """A tick, a bar or a clock."""
    document = dict(cells)
    kind = market_kind(document)
    if kind != "clock" and usual.symbol is not None:
        document.setdefault("symbol", usual.symbol)
    message = default_codec().read_json(kind, document)
    return check_quoted(message) if isinstance(message, Tick) else message


def from_json(line: str) -> Cells:
    try:
        return parse(line.encode("utf-8", "replace"))
    except MessageError:
        raise MessageError("", line.strip()[:60], "a JSON object") from None


class Pattern:
    """A line of text as the named groups of a regular expression."""

    def __init__(self, text: str) -> None:
        try:
            self.expression = re.compile(text)
        except re.error as error:
            raise click.UsageError(f"--pattern: not a regular expression: {error}") from error
        if not self.expression.groupindex:
            raise click.UsageError(
                "--pattern has no named groups; expected some such as (?P<symbol>[A-Z]+) (?P<price>[0-9.]+)"
            )

    @property
    def names(self) -> set[str]:
        """What it finds, in our words."""
        return set(resolve(SIGNALS, self.expression.groupindex))

    def cells(self, line: str) -> Cells | None:
        """None: the line is about something else."""
        match = self.expression.search(line)
        return None if match is None else {k: v for k, v in match.groupdict().items() if v}


def _named(cells: Cells, names: Names) -> dict[str, Any]:
    """What is given, by our names."""
    resolved = resolve(names, cells)
    return {ours: cells[theirs] for ours, theirs in resolved.items() if cells[theirs] not in (None, "")}


def _listed(text: str) -> list[str]:
    return [part for part in re.split(r"[;|,\s]+", text) if part]


def _add_unknown(cells: Cells, document: dict[str, Any]) -> None:
    """What a signal does not know is a feature where it is a number, else kept as it is."""
    known = {*resolve(SIGNALS, cells).values(), EXTRA}
    features: dict[str, float] = {}
    extra: dict[str, str] = {}
    for name, value in cells.items():
        if name in known or value is None or value == "":
            continue
        number = _number(value)
        if number is not None:
            features[name] = number
        else:
            extra[name] = json.dumps(value)
    for name, found, given in (
        ("features", features, document.get("features")),
        (EXTRA, extra, cells.get(EXTRA)),
    ):
        if found or given is not None:
            document[name] = {**found, **(given or {})} if isinstance(given, dict | None) else given


def _number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def _check_settings(command: Command) -> None:
    """Wrong settings are told here, with the key and what is expected, before they travel."""
    if command.kind not in ("create", "change"):
        return
    text = command.settings or "{}"
    try:
        if command.kind == "change":
            changed_settings(text, "settings")
        else:
            check_new_name(command.account)
            parse_account(text, "settings", {"name": json.dumps(command.account)})
    except SettingsError as error:
        raise MessageError("settings", text[:60], "; ".join(error.faults)) from error
