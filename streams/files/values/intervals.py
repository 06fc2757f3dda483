"""How long bars are: as their file says, else a person, else the opens of each symbol.

Rules of this file: a bar never ends before the last of it has been. Months end with the calendar's; where
clocks change inside a day or a week, the open of the next one tells.
"""

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from schemas.columns import NOT_KNOWN, Ints
from schemas.errors import MessageError
from schemas.text.numbers import duration
from streams.engine.model.units import MINUTE
from streams.files.arrays import flags_of, numbers_of
from streams.files.values.decimals import Converted

HOUR, DAY = 60 * MINUTE, 24 * 60 * MINUTE
WEEK = 7 * DAY
LONG = 3 * HOUR
"""Gaps that are remembered one by one: bars of a night or more, and pauses of the others."""
CLOCKS_MATTER_FROM = 4 * HOUR
HOLIDAYS = 3 * DAY
"""By which a week may begin later than usual."""
FRIDAY = 1
"""Days since 1970, modulo seven."""
MONTHS: Mapping[int, tuple[int, int]] = {
    1: (25 * DAY, 36 * DAY),
    3: (86 * DAY, 96 * DAY),
    12: (360 * DAY, 372 * DAY),
}
"""How far apart the opens of so many months are, also those that are days of business."""
EQUAL_MONTHS = 3
"""So many opens as far from each other are no months."""
LAST_DAYS = 25
"""From this day on a month's bar is stamped with the month's end, not its begin."""
DATE_LINE = 10 * HOUR
"""From this time of day (UTC) on it may be tomorrow's midnight somewhere."""
UNITS = (("w", WEEK), ("d", DAY), ("h", HOUR), ("m", MINUTE), ("s", MINUTE // 60), ("ms", 1_000), ("us", 1))


@dataclass(frozen=True, slots=True)
class Interval:
    micros: int = MINUTE
    months: int = 0
    """Calendar months; 0: it is always as long."""

    def ends(self, opens: Ints) -> Ints:
        return _months_later(opens, self.months) if self.months else opens + self.micros

    def __str__(self) -> str:
        if self.months:
            return f"{self.months}mo"
        unit, size = next((unit, size) for unit, size in UNITS if not self.micros % size)
        return f"{self.micros // size}{unit}"


def interval_of(text: str) -> Interval:
    """As a person says it: 5m, 1h, 1d, 1w, 1mo."""
    months = re.fullmatch(r"(\d{1,3})mo", text)
    if months:
        interval = Interval(0, int(months[1]))
    else:
        try:
            interval = Interval(duration("interval", text))
        except MessageError:
            interval = Interval(0)
    if interval.micros <= 0 and not interval.months:
        raise MessageError("interval", repr(text), "an interval such as 5m, 1h, 1d, 1w or 1mo")
    return interval


def _months_later(opens: Ints, months: int) -> Ints:
    """The first of the month in which a bar ends, at the bar's own midnight."""
    day, time = np.divmod(opens, DAY)
    tomorrow = (_day_of_month(day + 1) == 1) & (time >= DATE_LINE)
    day, time = day + tomorrow, time - DAY * tomorrow
    later = np.where(_day_of_month(day) >= LAST_DAYS, 1, months)
    ends = (day.astype("datetime64[D]").astype("datetime64[M]") + later).astype("datetime64[D]")
    found: Ints = ends.astype(np.int64) * DAY + time
    return found


def _day_of_month(day: Ints) -> Ints:
    dates = day.astype("datetime64[D]")
    of_month: Ints = (dates - dates.astype("datetime64[M]").astype("datetime64[D]")).astype(np.int64) + 1
    return of_month


class Opens:
    """When the bars of one symbol open, as far as that tells how long they are."""

    def __init__(self) -> None:
        self.gaps: Counter[int] = Counter()
        self.said: set[int] = set()
        """The intervals that the file names."""
        self.is_said = True
        """Of every bar."""
        self._newest: int | None = None
        self._long: list[tuple[Ints, Ints]] = []
        self._unusual: tuple[Ints, Ints] | None = None

    def add(self, opens: Ints, said: Ints) -> None:
        self.said.update(np.unique(said[said != NOT_KNOWN]).tolist())
        self.is_said &= bool((said != NOT_KNOWN).all())
        times = opens if self._newest is None else np.concatenate(([self._newest], opens))
        self._newest = int(times[-1])
        before, gaps = np.minimum(times[:-1], times[1:]), np.abs(np.diff(times))
        different, counts = np.unique(gaps[(gaps > 0) & (gaps < LONG)], return_counts=True)
        self.gaps.update(dict(zip(different.tolist(), counts.tolist(), strict=True)))
        if (long := gaps >= LONG).any():
            self._long.append((before[long], gaps[long]))
            self.gaps.update(_without_weekends(before[long], gaps[long]).tolist())

    def interval(self) -> Interval | None:
        """The most frequent gap, or what of the calendar it is; None where there is no gap."""
        if not self.gaps:
            return None
        usual = min(self.gaps, key=lambda gap: (-self.gaps[gap], gap))
        total = self.gaps.total()
        for months, (least, most) in MONTHS.items():
            count = sum(count for gap, count in self.gaps.items() if least <= gap <= most)
            is_even = self.gaps[usual] >= EQUAL_MONTHS and self.gaps[usual] * 4 > count * 3 and months < 12
            if count * 2 > total and not is_even:
                return Interval(0, months)
        return Interval(usual)

    def ends(self, opens: Ints, interval: Interval) -> Ints:
        ends = interval.ends(opens)
        special, theirs = self._unusual or self._find_unusual(interval)
        if len(special):
            at = np.minimum(special.searchsorted(opens), len(special) - 1)
            ends = np.where(special[at] == opens, theirs[at], ends)
        return ends

    def _find_unusual(self, interval: Interval) -> tuple[Ints, Ints]:
        """The bars that end otherwise, and when: clocks change in them, or a holiday put off their begin."""
        opens, gaps = (
            np.concatenate([each[at] for each in self._long] or [np.zeros(0, np.int64)]) for at in (0, 1)
        )
        following, ends = opens + gaps, interval.ends(opens)
        unusual = np.zeros(len(opens), np.bool_)
        if interval.months or interval.micros >= CLOCKS_MATTER_FROM:
            unusual |= np.abs(following - ends) == HOUR
        if interval.micros == WEEK:
            unusual |= (following < ends) & (following >= ends - HOLIDAYS)
        order = np.argsort(opens[unusual], kind="stable")
        self._unusual = opens[unusual][order], following[unusual][order]
        return self._unusual


def _without_weekends(before: Ints, gaps: Ints) -> Ints:
    """From Friday to Monday it is a day, where days are counted."""
    days = (before + DAY // 2) // DAY
    weekend = (np.abs(gaps - 3 * DAY) <= HOUR) & (days % 7 == FRIDAY)
    return np.where(weekend, DAY, gaps)


def to_intervals(column: pa.Array) -> Converted:
    """A column of durations such as 5m, or of microseconds; a file has few different ones."""
    words = pc.dictionary_encode(pc.cast(column, pa.string()))
    known = [_interval(word) for word in words.dictionary.to_pylist()]
    missing = flags_of(words.indices.is_null())
    found = np.array([*known, NOT_KNOWN], np.int64)
    values = found[np.where(missing, len(known), numbers_of(words.indices))]
    return Converted(values, missing, (values <= 0) & ~missing)


def _interval(word: str) -> int:
    """Microseconds; 0 when it is no duration."""
    try:
        return duration("interval", int(word) if word.strip().isdigit() else word.strip())
    except MessageError:
        return 0
