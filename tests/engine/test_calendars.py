"""Sessions that other days begin: nights, and zones far from UTC."""

import pytest

from streams.engine.model.calendars import is_open, local_date, next_close, next_open
from streams.engine.model.settings import Session
from streams.engine.model.units import DAY, FOREVER, HOUR, MINUTE
from tests.engine.worlds import START

DAYS = (0, 1, 2, 3, 4, 5, 6)
MIDNIGHT = START // DAY * DAY


def session(zone: str, open_: int, close: int) -> Session:
    return Session(name="s", zone=zone, open=open_ * 60, close=close * 60, weekdays=DAYS)


@pytest.mark.parametrize(
    ("zone", "ahead"), [("Pacific/Kiritimati", 14), ("Pacific/Pago_Pago", -11), ("UTC", 0), ("Asia/Tokyo", 9)]
)
@pytest.mark.parametrize(("open_", "close"), [(20, 19), (1, 0), (23, 22), (9, 17), (22, 2), (0, 24)])
def test_open_by_the_clock_of_its_zone(zone: str, ahead: int, open_: int, close: int) -> None:
    """Whatever day a session began on: each hour is looked up by hand."""
    one = session(zone, open_, close)
    for hour in range(48):
        time = MIDNIGHT + hour * HOUR + 30 * MINUTE
        local = (hour + ahead) % 24
        inside = open_ <= local < close if open_ < close else local >= open_ or local < close
        assert is_open(one, time) == inside
        assert is_open(one, next_open(one, time))
        if inside:
            assert next_close(one, time) == time - 30 * MINUTE + ((close - local) % 24 or 24) * HOUR


@pytest.mark.parametrize(("closed_days", "opens"), [(399, MIDNIGHT + 399 * DAY + 9 * HOUR), (400, FOREVER)])
def test_closed_for_400_days_is_closed_for_ever(closed_days: int, opens: int) -> None:
    holidays = tuple(local_date("UTC", MIDNIGHT + day * DAY).isoformat() for day in range(closed_days))
    one = Session(name="s", zone="UTC", open=9 * 60, close=17 * 60, weekdays=DAYS, holidays=holidays)
    assert next_open(one, MIDNIGHT) == opens
