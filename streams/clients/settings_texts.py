"""An account as a person asks for it: the settings of a `create` or a `change`, checked before they travel.

Rules of this file: what travels are a person's words, as JSON; the gate makes the engine's units of them.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from streams.accounts import SettingsError, changed_settings, check_new_name, parse_account, whole_settings
from streams.accounts.document import Faults, parse, parse_value
from streams.accounts.keys import AGGRESSIVE, PRESET
from streams.accounts.load import read_text
from streams.engine.model.settings_check import BadSettingsError, read_settings

CONFIDENCE = frozenset({"min_confidence", AGGRESSIVE})


def create_settings(
    name: str, preset: str | None, follow: Sequence[str], sets: Mapping[str, str], file: str | None
) -> str:
    """The settings of a `create`; all that is wrong with them is told at once."""
    check_new_name(name)
    overrides = {**sets, "name": json.dumps(name)}
    if follow:
        overrides["follow"] = json.dumps(list(follow))
    origin = file or "account"
    text = json.dumps({PRESET: preset} if preset else {}) if file is None else read_text(file, "account", [])
    _check_bounds(whole_settings(parse_account(text, origin, overrides)))
    said = parse(text, origin, Faults()).plain()
    if overrides.keys() & CONFIDENCE:
        said = {key: value for key, value in said.items() if key not in CONFIDENCE}
    return json.dumps({**said, **_values(overrides)})


def settings_of(document: Mapping[str, Any]) -> str:
    """The settings of a `create` from a program, which has them as JSON."""
    text = json.dumps(document)
    _check_bounds(whole_settings(parse_account(text, "settings", {})))
    return json.dumps(parse(text, "settings", Faults()).plain())


def change_settings(sets: Mapping[str, str]) -> str:
    """The settings of a `change`: the keys that are given and no others."""
    return changes_of(_values(sets), "--set")


def changes_in_words(texts: Mapping[str, str]) -> str:
    """The same from a page, where each key has its text; all that is wrong is told at once."""
    faults = Faults()
    read = {}
    for key, text in texts.items():
        with faults.gathered():
            read[key] = parse_value(text, key).plain()
    with faults.gathered():
        changed = changes_of(read)
    faults.raise_any()
    return changed


def changes_of(document: Mapping[str, Any], origin: str = "settings") -> str:
    """The same from a program."""
    text = json.dumps(document)
    changed_settings(text, origin)
    return text


def _check_bounds(settings: str) -> None:
    try:
        read_settings(settings)
    except BadSettingsError as error:
        raise SettingsError([f"{error}: beyond what an account can have"]) from error


def _values(texts: Mapping[str, str]) -> dict[str, Any]:
    return {key: parse_value(text, f"--set {key}").plain() for key, text in texts.items()}
