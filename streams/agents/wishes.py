"""A person's settings in a command, turned into the engine's.

Rules of this file: it happens before the command enters a shard, so that a preset that changes with a version
does not change what was agreed. What cannot be read goes on with what is wrong, for the desk to answer.
"""

import json

import msgspec

from schemas.messages import Command
from streams.accounts import SettingsError, changed_settings, parse_account, whole_settings


def in_engine_units(command: Command) -> Command:
    """The same command, its settings as the engine reads them."""
    if command.kind not in ("create", "change"):
        return command
    text = command.settings or "{}"
    try:
        if command.kind == "create":
            name = {"name": json.dumps(command.account)}
            settings = whole_settings(parse_account(text, "settings", name))
        else:
            settings = changed_settings(text, "settings")
    except SettingsError as error:
        settings = json.dumps({"error": str(error)})
    return msgspec.structs.replace(command, settings=settings)
