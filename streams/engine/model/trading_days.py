"""Which days count in an account's statistics: those on which one of its markets was open.

Rules of this file: an account's markets are those of the symbols that it has traded; before its first fill,
those of the symbols that are known; without any, the market of a symbol that nobody named.
"""

from collections.abc import Collection
from datetime import date

from streams.engine.model.calendars import at_minute, next_open
from streams.engine.model.settings import Instruments, Session

CALENDAR_YEAR = 365
SESSION_YEAR = 252


def days_a_year(
    zone: str, instruments: Instruments, traded: Collection[str], day: date, midnight: int
) -> int | None:
    """Of days like the one that ends at this midnight; None: all markets were closed on it."""
    calendars = _calendars(instruments, traded)
    if None in calendars:
        return CALENDAR_YEAR
    began = at_minute(zone, day, 0)
    return SESSION_YEAR if any(next_open(each, began) < midnight for each in calendars) else None


def _calendars(instruments: Instruments, traded: Collection[str]) -> set[Session | None]:
    if symbols := traded or instruments.known:
        return {instruments.of(symbol).calendar for symbol in symbols}
    return {instruments.default.calendar}
