"""Days, sessions and times of the day."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from streams.engine.model.settings import Instrument

from .numbers import MINUTE

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def local(at: int, zone: str) -> datetime:
    return (EPOCH + timedelta(microseconds=at)).astimezone(ZoneInfo(zone))


def instant(day: date, minute: int, zone: str) -> int:
    """The UTC microsecond at which the zone's clock shows this minute of the day."""
    clock = time(minute // 60 % 24, minute % 60)
    when = datetime.combine(day + timedelta(days=minute // 1440), clock, tzinfo=ZoneInfo(zone))
    return (when.astimezone(UTC) - EPOCH) // timedelta(microseconds=1)


def midnights(zone: str, after: int, until: int) -> list[int]:
    """Every midnight of the zone in (after, until]."""
    found = []
    day = local(after, zone).date()
    last = local(until, zone).date()
    while day <= last:
        at = instant(day, 0, zone)
        if after < at <= until:
            found.append(at)
        day += timedelta(days=1)
    return found


def latest_time_of_day(zone: str, minute: int, now: int) -> int:
    """The last instant, not after now, at which the zone's clock showed this minute."""
    day = local(now, zone).date() + timedelta(days=1)
    while True:
        at = instant(day, minute, zone)
        if at <= now:
            return at
        day -= timedelta(days=1)


def is_open(instrument: Instrument, at: int) -> bool:
    """In [open, close) of a day with a session."""
    session = instrument.calendar
    if session is None:
        return True
    when = local(at, session.zone)
    if when.weekday() not in session.weekdays or when.date().isoformat() in session.holidays:
        return False
    of_day = ((when.hour * 60 + when.minute) * 60 + when.second) * 10**6 + when.microsecond
    return session.open * MINUTE <= of_day < session.close * MINUTE


def days_a_year(markets: list[Instrument], began: int, ended: int) -> int | None:
    """Of days like this one; None where each minute of it found all of these markets closed."""
    if any(market.calendar is None for market in markets):
        return 365
    minutes = range(began, ended, MINUTE)
    return 252 if any(is_open(market, at) for at in minutes for market in markets) else None
