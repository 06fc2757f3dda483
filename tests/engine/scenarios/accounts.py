"""The account column: settings in the words of the account and symbols files."""

import json
from dataclasses import dataclass

import msgspec

from streams.accounts import account_with, parse_instruments
from streams.engine.model.settings import Instruments, Settings

from .table import ACCOUNT, TableError, words

FILES = {"symbol": "symbols", "default": "defaults", "checks": "checks", "calendar": "calendars"}


@dataclass(frozen=True)
class Given:
    """Who trades, and what."""

    settings: Settings
    instruments: Instruments


def given_of(text: str) -> Given:
    """`preset:NAME`, `key=value`, `symbol.X.lot=1`, `default.calendar=us-equities`, `checks.max_jump=10%`."""
    preset, overrides = None, {}
    groups: dict[str, dict[str, dict[str, str]]] = {}
    for word in words(text):
        key, equals, value = word.partition("=")
        first, dot, rest = key.partition(".")
        if word.startswith("preset:"):
            preset = word.removeprefix("preset:")
        elif not equals:
            raise TableError(f"{word} is not key=value, in: {text}")
        elif not dot:
            overrides[key] = value
        elif first in ("symbol", "calendar"):
            name, _, field = rest.rpartition(".")
            groups.setdefault(FILES[first], {}).setdefault(name, {})[field] = value
        else:
            groups.setdefault(FILES[first], {}).setdefault("", {})[rest] = value
    return Given(
        account_with(preset, overrides, name=ACCOUNT), parse_instruments(symbols_file(groups), "symbols")
    )


def account_changes(text: str) -> str:
    """The changed keys of a `change`, as the JSON that a command carries."""
    overrides = dict(word.split("=", 1) for word in words(text))
    settings = msgspec.to_builtins(account_with(None, overrides, name=ACCOUNT))
    return json.dumps({key: settings[key] for key in overrides})


def symbols_file(groups: dict[str, dict[str, dict[str, str]]]) -> str:
    """The YAML that a person would have written."""
    lines: list[str] = []
    for group, members in groups.items():
        lines.append(f"{group}:")
        for name, fields in members.items():
            indent = "    " if name else "  "
            lines += [f"  {name}:"] if name else []
            lines += [f"{indent}{field}: {value}" for field, value in fields.items()]
    return "\n".join(lines) or "{}"
