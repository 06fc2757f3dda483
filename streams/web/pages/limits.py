"""An account's settings as a person changes them: what the dialog asks for, and in which order.

Rules of this file: every key of an account file stands here once, with the words that the page has for it.
"""

from typing import NamedTuple

from streams.accounts import texts_of
from streams.engine.model.exit_types import EXITS
from streams.engine.model.limit_types import LIMITS
from streams.engine.model.settings import Settings

FIXED = ("name", "balance", "market", "currency")
"""What an account keeps for good."""
GROUPS = {
    "Exits": {name: exit_type.title for name, exit_type in EXITS.items()},
    "Limits": LIMITS,
    "Entries": {
        "enabled": "Takes entries",
        "follow": "Sources to follow",
        "min_confidence": "Minimum confidence",
        "signal_ttl": "How long a signal may wait",
        "dedupe_for": "How long signal ids are remembered",
        "use_signal_targets": "Use a signal's own stop and target",
        "position_mode": "Positions per symbol",
        "leverage": "Buying power, in multiples of equity",
        "size": "Size",
        "filters": "Filters",
        "slices": "Slices",
    },
    "Fills and costs": {
        "limit_fill": "A limit order fills on (touch or through)",
        "participation": "Largest share of the volume for a fill",
        "slippage": "Slippage",
        "commission": "Commission",
        "latency": "How long a signal takes to arrive",
        "time_zone": "Time zone",
        "atr_interval": "Length of a bar for the ATR",
        "atr_length": "Number of bars for the ATR",
    },
}
LONG = frozenset({"filters", "slices", "commission"}) | {
    name for name, each in EXITS.items() if each.measure == "parts"
}
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
