"""An account's settings as a person changes them: what the dialog asks for, and in which order.

Rules of this file: every key of an account file stands here once, with the words that the page has for it.
"""

from typing import NamedTuple

from streams.accounts import texts_of
from streams.engine.model.settings import Settings

FIXED = ("name", "balance", "market", "currency")
"""What an account keeps for good."""
GROUPS = {
    "Exits": {
        "take_profit": "Target",
        "stop_loss": "Stop",
        "trailing_stop": "Trailing stop",
        "breakeven": "Gain that moves the stop to the entry",
        "time_limit": "Time limit",
        "end_of_day": "Time of day to close at",
        "partial": "Partial targets",
    },
    "Limits": {
        "max_positions": "Positions at once",
        "max_signals_per_hour": "Entries in an hour",
        "max_position": "One symbol's share of equity",
        "max_exposure": "Everything held, as a share of equity",
        "max_group": "One group's share of equity",
        "max_correlated": "Positions that move together",
        "cash_reserve": "Share of equity that stays free",
        "cooldown": "No new entry in a symbol for",
        "daily_loss": "A loss that ends the day's entries",
        "max_drawdown": "A fall from the peak that halts entries",
    },
    "Entries": {
        "enabled": "Takes entries",
        "follow": "Sources that it follows",
        "min_confidence": "Least confidence",
        "signal_ttl": "How long a signal may wait",
        "dedupe_for": "How long ids are remembered",
        "use_signal_targets": "A signal's own stop and target count",
        "position_mode": "Positions of a symbol",
        "leverage": "Buying power, in equities",
        "size": "Size",
        "filters": "Filters",
        "slices": "Slices",
    },
    "Fills and costs": {
        "limit_fill": "A limit fills at",
        "participation": "Share of the volume that a fill may take",
        "slippage": "Slippage",
        "commission": "Commission",
        "latency": "How long a signal takes",
        "time_zone": "Time zone",
        "atr_interval": "Bars of the ATR",
        "atr_length": "Number of these bars",
    },
}
LONG = frozenset({"partial", "filters", "slices", "commission"})
"""What needs a whole line."""


class Field(NamedTuple):
    key: str
    title: str
    text: str
    is_long: bool


def limits(settings: Settings) -> dict[str, list[Field]]:
    """Each group's fields, with what the account has now."""
    texts = texts_of(settings)
    return {
        group: [Field(key, title, texts[key], key in LONG) for key, title in titles.items()]
        for group, titles in GROUPS.items()
    }
