"""A test's own time: it stands still but for what the test says."""

from datetime import datetime, timedelta
from typing import Any

from ghostfill.testing.errors import GhostfillTestError
from ghostfill.testing.results import time_of
from schemas.text import numbers

START = datetime.fromisoformat("2026-01-05T14:30:00+00:00")
"""A Monday, 9:30 in New York."""
STEP = timedelta(seconds=1)

Time = Any
"""A datetime with a zone, ISO text, or an epoch."""


def datetime_of(at: Time) -> datetime:
    if not isinstance(at, datetime):
        return time_of(numbers.time("at", at))
    if at.tzinfo is None:
        raise GhostfillTestError(
            f"{at} has no zone: expected such as datetime(2026, 1, 5, 14, 30, tzinfo=UTC)"
        )
    return at


def micros_of(time: datetime) -> int:
    return numbers.time("at", time.isoformat())


def duration_of(text: str) -> timedelta:
    return timedelta(microseconds=numbers.duration("duration", text))


def floor(time: datetime, length: timedelta) -> datetime:
    """The beginning of the interval in which it is."""
    return time - (time - time_of(0)) % length
