"""Where a setting begins and ends to be one, and what nothing costs."""

import msgspec
import pytest

from streams.engine.model.settings import Commission, Settings, Size
from streams.engine.model.settings_check import (
    LONGEST,
    MOST_MONEY,
    MOST_TIMES,
    BadSettingsError,
    read_settings,
)
from streams.engine.model.units import ONE
from streams.engine.rules.fees import expected_fee

PLAIN = Settings(name="a", balance=1000 * ONE, size=Size(mode="quantity"))


def level(kind: str, value: int) -> dict[str, object]:
    return {"kind": kind, "value": value}


def size(mode: str, value: int) -> dict[str, object]:
    return {"mode": mode, "value": value}


@pytest.mark.parametrize(
    ("field", "least", "most", "made"),
    [
        ("take_profit", 1, MOST_MONEY, lambda value: level("amount", value)),
        ("take_profit", 1, MOST_TIMES, lambda value: level("percent", value)),
        ("stop_loss", 1, MOST_MONEY, lambda value: level("amount", value)),
        ("stop_loss", 1, ONE - 1, lambda value: level("percent", value)),
        ("stop_loss", 1, MOST_TIMES, lambda value: level("atr", value)),
        ("size", 1, MOST_MONEY, lambda value: size("fixed_notional", value)),
        ("size", 1, MOST_TIMES, lambda value: size("percent_of_equity", value)),
        ("end_of_day", 0, 24 * 60 - 1, lambda value: value),
        ("time_limit", 1, LONGEST, lambda value: value),
        ("max_group", 1, MOST_TIMES, lambda value: value),
        ("max_position", 1, MOST_TIMES, lambda value: value),
        ("max_exposure", 1, MOST_TIMES, lambda value: value),
        ("max_correlated", 0, ONE, lambda value: {"positions": 1, "rho": value / ONE}),
    ],
)
def test_the_least_and_the_most_that_a_setting_may_be(field, least, most, made) -> None:
    for value in (least, most):
        read_settings(msgspec.json.encode({field: made(value)}).decode(), PLAIN)
    for value in (least - 1, most + 1):
        with pytest.raises(BadSettingsError, match=field):
            read_settings(msgspec.json.encode({field: made(value)}).decode(), PLAIN)


def test_what_is_borrowed_has_an_end_too() -> None:
    for leverage, balance in ((ONE, MOST_MONEY), (2 * ONE, MOST_MONEY // 2)):
        given = {"balance": balance, "leverage": leverage}
        read_settings(msgspec.json.encode(given).decode(), PLAIN)
        with pytest.raises(BadSettingsError, match="leverage"):
            read_settings(msgspec.json.encode(given | {"leverage": leverage + 1}).decode(), PLAIN)


def condition(tolerance: int) -> dict[str, object]:
    return {"kind": "price_holds", "name": "price_holds", "tolerance": tolerance}


def slices(offset: int = 0, first: int = 1, whole: int = ONE, tolerance: int = 0) -> dict[str, object]:
    """Two slices, whose fractions have that sum."""
    later = {"offset": LONGEST, "fraction": whole - first}
    return {"slices": [{"offset": offset, "fraction": first, "conditions": [condition(tolerance)]}, later]}


def parts(first: int = 1, whole: int = ONE) -> dict[str, object]:
    """Two targets that close that much of the position together."""
    return {
        "partial": [
            {"level": level("amount", ONE), "fraction": fraction} for fraction in (first, whole - first)
        ]
    }


@pytest.mark.parametrize(
    "given",
    [
        slices(),
        slices(offset=LONGEST - 1),
        slices(tolerance=ONE),
        slices(first=ONE - 1),
        parts(),
        parts(whole=2),
    ],
)
def test_parts_of_a_whole(given) -> None:
    read_settings(msgspec.json.encode(given).decode(), PLAIN)


@pytest.mark.parametrize(
    "given",
    [
        slices(offset=-1),
        slices(offset=LONGEST),
        slices(first=0),
        slices(first=ONE),
        slices(whole=ONE - 1),
        slices(whole=ONE + 1),
        slices(tolerance=-1),
        slices(tolerance=ONE + 1),
        {"slices": [{"offset": LONGEST + 1, "fraction": ONE}]},
        parts(first=0),
        parts(first=ONE),
        parts(whole=ONE + 1),
    ],
)
def test_no_parts_of_a_whole(given) -> None:
    with pytest.raises(BadSettingsError, match=next(iter(given))):
        read_settings(msgspec.json.encode(given).decode(), PLAIN)


def test_nothing_costs_nothing() -> None:
    terms = Commission(per_order=ONE, minimum=2 * ONE)
    assert expected_fee(terms, 100 * ONE, 0) == 0
    assert expected_fee(terms, 100 * ONE, 1) == 2 * ONE
