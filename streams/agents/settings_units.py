"""A person's settings in a command, turned into the engine's.

Rules of this file: it happens before the command enters a shard, so that a preset that changes with a version
does not change what was agreed. What cannot be read goes on with what is wrong, for the desk to answer. So
does what is longer than any account needs: reading it would hold up everybody else.
"""

import json
from functools import lru_cache

import msgspec

from schemas.messages import Command
from streams.accounts import (
    SettingsError,
    changed_settings,
    check_new_name,
    named,
    parse_account,
    whole_settings,
)
from streams.engine.model.settings import Settings

MOST_SETTINGS = 32 << 10
"""Bytes of one command's settings."""
KEPT = 256
"""Settings that are remembered: thousands of accounts may be opened alike."""


def in_engine_units(command: Command) -> Command:
    """The same command, its settings as the engine reads them."""
    if command.kind not in ("create", "change"):
        return command
    text = command.settings or "{}"
    try:
        _check_length(text)
        if command.kind == "create":
            check_new_name(command.account)
            settings = whole_settings(named(_parsed(text), command.account, "settings"))
        else:
            settings = changed_settings(text, "settings")
    except SettingsError as error:
        settings = json.dumps({"error": str(error)})
    return msgspec.structs.replace(command, settings=settings)


def _check_length(text: str) -> None:
    size = len(text.encode())
    if size > MOST_SETTINGS:
        raise SettingsError([f"settings: found {size:,} bytes; expected at most {MOST_SETTINGS:,}"])


@lru_cache(KEPT)
def _parsed(text: str) -> Settings:
    """Those of an account whose name is told apart from them."""
    return parse_account(text, "settings", {"name": "nobody"})
