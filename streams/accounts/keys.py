"""The keys of an account file, and how each is read: the fields of `Settings`, flat."""

from collections.abc import Callable
from typing import Any

import msgspec

from streams.accounts import groups, values
from streams.accounts.document import Item
from streams.engine import validity
from streams.engine.settings import Commission, Settings, Slippage

NAME = "a name of up to 64 letters, digits, spaces, dots, dashes and underscores"
MARKET_NAME = "ticks, or ticks.NAME for another market"

READERS: dict[str, Callable[[Item], Any]] = {
    "name": values.text(NAME, validity.NAME),
    "balance": values.money(above_zero=True),
    "size": groups.size,
    "market": values.text(MARKET_NAME, validity.MARKET),
    "currency": values.text("a currency such as USD", r"[A-Z][A-Z0-9]{1,9}"),
    "time_zone": values.zone,
    "latency": values.duration(above_zero=False),
    "follow": values.texts("sources such as [tracker, scanner]", r"\S.*"),
    "enabled": values.boolean,
    "filters": groups.filters,
    "min_confidence": values.fraction_of_one,
    "position_mode": values.one_of("net", "per_signal"),
    "use_signal_targets": values.boolean,
    "signal_ttl": values.duration(),
    "dedupe_for": values.duration(),
    "leverage": values.money(above_zero=True),
    "slices": groups.slices,
    "take_profit": values.level,
    "stop_loss": values.level_below_price,
    "trailing_stop": values.level_below_price,
    "breakeven": values.level,
    "partial": groups.partial,
    "time_limit": values.duration(),
    "end_of_day": values.minute_of_day,
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
