"""The keys of an account file, and how each is read: the fields of `Settings`, flat."""

import re
from collections.abc import Callable
from typing import Any

import msgspec

from schemas.text.names import is_name
from streams.accounts import groups, values
from streams.accounts.document import Item, SettingsError
from streams.engine.model import settings_check
from streams.engine.model.exit_types import EXITS, Measure
from streams.engine.model.settings import Commission, Settings, Slippage

NAME = "a name of up to 64 letters, digits, spaces, dots, dashes and underscores"
NEW_NAME = (
    "a name of up to 64 small letters from a to z, digits, dots, dashes and underscores, "
    "with a letter or a digit first"
)
SOURCES = "sources such as [tracker, scanner]"
MARKET_NAME = "ticks, or ticks.NAME for another market"
_NEW_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")


def _follow(item: Item) -> tuple[str, ...]:
    sources = item.list_or_one(SOURCES)
    for source in sources:
        if not is_name(source.value(SOURCES)):
            raise source.wrong(SOURCES)
    return tuple(source.text for source in sources)


_OF_EXITS: dict[Measure, Callable[[Item], Any]] = {
    "distance": values.level,
    "distance_below_price": values.level_below_price,
    "parts": groups.partial,
    "duration": values.duration(),
    "minute_of_day": values.minute_of_day,
}

READERS: dict[str, Callable[[Item], Any]] = {
    "name": values.text(NAME, settings_check.NAME),
    "balance": values.money(above_zero=True),
    "size": groups.size,
    "market": values.text(MARKET_NAME, settings_check.MARKET),
    "currency": values.text("a currency such as USD", r"[A-Z][A-Z0-9]{1,9}"),
    "time_zone": values.zone,
    "latency": values.duration(above_zero=False),
    "follow": _follow,
    "enabled": values.boolean,
    "filters": groups.filters,
    "min_confidence": values.fraction_of_one,
    "position_mode": values.one_of("net", "per_signal"),
    "use_signal_targets": values.boolean,
    "signal_ttl": values.duration(),
    "dedupe_for": values.duration(),
    "leverage": values.money(above_zero=True),
    "slices": groups.slices,
    **{name: _OF_EXITS[exit_type.measure] for name, exit_type in EXITS.items()},
    "max_positions": values.whole(),
    "max_position": values.share(most=None),
    "max_exposure": values.share(most=None),
    "max_group": values.share(most=None),
    "max_correlated": groups.correlated,
    "cash_reserve": values.share(above_zero=False),
    "cooldown": values.duration(above_zero=False),
    "max_signals_per_hour": values.whole(),
    "daily_loss": values.share(),
    "max_drawdown": values.share(),
    "limit_fill": values.one_of("through", "touch"),
    "participation": values.share(),
    "slippage": groups.slippage,
    "commission": groups.commission,
    "atr_interval": values.duration(),
    "atr_length": values.whole(),
}

WHEN_NONE: dict[str, object] = {
    field.name: field.default
    for field in msgspec.structs.fields(Settings)
    if field.default is None or isinstance(field.default, (tuple, Commission, Slippage))
}
"""What `none` means: it switches off what a preset set."""

PRESET, AGGRESSIVE = "preset", "aggressive"
KNOWN = [PRESET, *READERS, AGGRESSIVE]


def check_new_name(name: str) -> None:
    """Refuses what no new account may be called; those that are open already keep their names.

    No shard knows all accounts. So of the names that look alike, in another script, in capitals or with
    spaces at the ends, one at most can be given at all.
    """
    if _NEW_NAME.fullmatch(name) is None:
        raise SettingsError([f"name: found {name!a}; expected {NEW_NAME}"])
