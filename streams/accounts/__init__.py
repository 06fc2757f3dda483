"""What a person writes about accounts and symbols, read into the engine's settings."""

from streams.accounts.document import SettingsError
from streams.accounts.instruments import load_instruments, parse_instruments
from streams.accounts.keys import check_new_name
from streams.accounts.load import (
    account_with,
    account_within,
    changed_settings,
    load_account,
    named,
    parse_account,
    preset_text,
    presets,
    whole_settings,
)
from streams.accounts.writing import document_of, texts_of

__all__ = [
    "SettingsError",
    "account_with",
    "account_within",
    "changed_settings",
    "check_new_name",
    "document_of",
    "load_account",
    "load_instruments",
    "named",
    "parse_account",
    "parse_instruments",
    "preset_text",
    "presets",
    "texts_of",
    "whole_settings",
]
