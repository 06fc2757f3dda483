"""Whoever adds an order type, an exit or a limit is told each place that lacks it."""

import re
from functools import cache
from pathlib import Path
from typing import get_args, get_type_hints

import pytest

from schemas.catalog import catalog
from schemas.messages import Command, OrderType
from streams.accounts.keys import READERS
from streams.cli.commands.trade.orders import OPTIONS
from streams.engine.model.exit_types import EXITS
from streams.engine.model.limit_types import LIMITS
from streams.engine.model.order_types import ORDER_TYPES
from streams.engine.model.settings import Settings
from tests.engine.scenarios.given import inputs_of
from tests.engine.scenarios.test_scenarios import ROWS, TABLES
from tests.engine.worlds import RARE, SETTINGS

ROOT = Path(__file__).parents[2]
TYPES = get_args(OrderType)
SCENARIOS = "\n".join(file.read_text() for file in TABLES)


def page(name: str) -> str:
    return (ROOT / "docs" / name).read_text()


# Order types ---------------------------------------------------------------------------------


@pytest.mark.parametrize("name", TYPES)
def test_an_order_type_is_a_row_of_the_table(name):
    assert name in ORDER_TYPES, "streams/engine/model/order_types.py has no row of it"
    assert set(ORDER_TYPES[name].needs) <= get_type_hints(Command).keys(), "a command has no such field"
    assert set(ORDER_TYPES[name].needs) <= OPTIONS.keys(), "`ghostfill order` has no option for what it needs"


@pytest.mark.parametrize("name", TYPES)
@pytest.mark.parametrize("message", ["order", "command"])
def test_an_order_type_is_a_word_of_the_messages(message, name):
    kind = catalog().schemas.current(message).field_types()["order_type"]
    assert name in kind["symbols"], f"the newest schemas/avro/{message}.*.avsc lacks it"


@pytest.mark.parametrize("name", TYPES)
def test_an_order_type_is_explained_and_tried(name):
    assert re.search(rf"\b{name.replace('_', '-')}\b", page("rules.md")), (
        "docs/rules.md does not say what it does"
    )
    assert name in placed(), "no scenario places one"


@cache
def placed() -> set[str | None]:
    entries = [arrival.entry for row in ROWS for arrival in inputs_of(row.inputs)]
    return {entry.order_type for entry in entries if isinstance(entry, Command)}


def test_the_table_has_nothing_else():
    assert set(TYPES) == set(ORDER_TYPES)


# Exits and limits ----------------------------------------------------------------------------


def assert_a_setting(name):
    assert name in Settings.__struct_fields__, "streams/engine/model/settings.py has no field of it"
    assert name in READERS, "no account file can say it"
    assert re.search(rf"^\| `{name}` \| `.+` \| .+ \|$", page("accounts.md"), re.MULTILINE), (
        "docs/accounts.md does not tell it"
    )


@pytest.mark.parametrize("name", EXITS)
def test_an_exit_has_a_setting_a_key_and_words(name):
    assert_a_setting(name)
    assert f"`{name}`" in page("rules.md"), "docs/rules.md does not say what it does"


@pytest.mark.parametrize("name", EXITS)
def test_an_exit_is_tried(name):
    assert re.search(rf"\b{name}\b", SCENARIOS), "no scenario closes a position by it"
    assert name in {**SETTINGS, **RARE}, "tests/engine/worlds.py draws no account that has it"


@pytest.mark.parametrize("name", LIMITS)
def test_a_limit_has_a_setting_a_key_and_words(name):
    assert_a_setting(name)
    assert re.search(rf"(refused|skipped|cut|tripped)\b.*\b{name}\b", SCENARIOS), "no scenario is held by it"
