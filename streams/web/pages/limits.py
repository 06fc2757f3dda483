"""An account's limits as a person writes them."""

from collections.abc import Iterator

from streams.engine.settings import Level, Settings
from streams.engine.units import HOUR, MINUTE, ONE, SECOND
from streams.web.pages.rendering import units

SHARES = {
    "max_position": "One symbol's share of equity",
    "max_exposure": "Everything held, as a share of equity",
    "cash_reserve": "Share of equity that stays free",
    "daily_loss": "A loss that ends the day's entries",
    "max_drawdown": "A fall from the peak that halts entries",
}
COUNTS = {"max_positions": "Positions at once", "max_signals_per_hour": "Entries in an hour"}
LEVELS = {"take_profit": "Target", "stop_loss": "Stop", "trailing_stop": "Trailing stop"}
NONE = "none"


def limits(settings: Settings) -> Iterator[tuple[str, str, str]]:
    """Each limit's key, its title and its value."""
    for name, title in COUNTS.items():
        yield name, title, _text(getattr(settings, name))
    for name, title in SHARES.items():
        yield name, title, _share(getattr(settings, name))
    yield "cooldown", "No new entry in a symbol for", _time(settings.cooldown)
    for name, title in LEVELS.items():
        yield name, title, _level(getattr(settings, name))


def _text(value: int | None) -> str:
    return NONE if value is None else str(value)


def _share(value: int | None) -> str:
    return NONE if value is None else f"{100 * value / ONE:g}%"


def _time(micros: int | None) -> str:
    if micros is None:
        return NONE
    for unit, name in ((HOUR, "h"), (MINUTE, "m")):
        if micros % unit == 0:
            return f"{micros // unit}{name}"
    return f"{micros / SECOND:g}s"


def _level(level: Level | None) -> str:
    if level is None:
        return NONE
    match level.kind:
        case "percent":
            return _share(level.value)
        case "risk":
            return f"{level.value / ONE:g}R"
        case "atr":
            return f"{level.value / ONE:g}ATR"
    amount = units(level.value)
    assert amount is not None
    return f"{amount.normalize():f}"
