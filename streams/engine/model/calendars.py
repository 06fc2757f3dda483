"""Sessions, days and times of day in a zone, as UTC microseconds."""

from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from streams.engine.model.settings import Session
from streams.engine.model.units import DAY, FOREVER, MICROSECOND, MINUTE

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SEARCH_DAYS = 400
"""A session that does not open for longer than this never opens."""


def _micros(moment: datetime) -> int:
    return (moment - _EPOCH) // timedelta(microseconds=MICROSECOND)


def local_date(zone: str, time: int) -> date:
    return (_EPOCH + timedelta(microseconds=time)).astimezone(ZoneInfo(zone)).date()


@lru_cache(maxsize=4096)
def at_minute(zone: str, day: date, minute: int) -> int:
    """The instant at which a day of the zone has come to that minute."""
    midnight = datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(zone))
    return _micros(midnight.replace(hour=minute // 60, minute=minute % 60))


@lru_cache(maxsize=4096)
def _hours(session: Session, day: date) -> tuple[int, int] | None:
    """[open, close) of a day, or None when there is no session."""
    if day.weekday() not in session.weekdays or day.isoformat() in session.holidays:
        return None
    close_day = day if session.close > session.open else day + timedelta(days=1)
    if session.close == 24 * 60:
        close_day, close = day + timedelta(days=1), 0
    else:
        close = session.close
    return at_minute(session.zone, day, session.open), at_minute(session.zone, close_day, close)


@lru_cache(maxsize=4096)
def _around(session: Session, utc_day: int) -> tuple[tuple[int, int], ...]:
    noon = local_date(session.zone, utc_day * DAY + DAY // 2)
    days = (noon + timedelta(days=shift) for shift in (-2, -1, 0, 1))
    return tuple(hours for day in days if (hours := _hours(session, day)) is not None)


def is_open(session: Session | None, time: int) -> bool:
    return session is None or any(start <= time < end for start, end in _around(session, time // DAY))


def next_open(session: Session | None, time: int) -> int:
    """When the market is open again, `time` itself if it is."""
    if is_open(session, time):
        return time
    assert session is not None
    day = local_date(session.zone, time)
    for shift in range(_SEARCH_DAYS):
        hours = _hours(session, day + timedelta(days=shift))
        if hours is not None and hours[0] >= time:
            return hours[0]
    return FOREVER


def next_close(session: Session, time: int) -> int:
    """When the session that is open now ends."""
    return next(end for start, end in _around(session, time // DAY) if start <= time < end)


def next_midnight(zone: str, time: int) -> int:
    """The first midnight of the zone after `time`."""
    return at_minute(zone, local_date(zone, time) + timedelta(days=1), 0)


def next_minute_of_day(zone: str, minute: int, time: int) -> int:
    """The first time after `time` at which the zone's clock shows that minute."""
    day = local_date(zone, time)
    today = at_minute(zone, day, minute)
    return today if today > time else at_minute(zone, day + timedelta(days=1), minute)


def floor_minute(time: int) -> int:
    return time - time % MINUTE


def next_minute(time: int) -> int:
    return floor_minute(time) + MINUTE
