"""Days as tiles, month by month."""

import calendar
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from sinks.report import texts

WEEKDAYS = tuple(calendar.day_name)
LEVELS = 3


class Tile(NamedTuple):
    """A day; one of another month has no number, and one on which nothing was traded no P&L."""

    number: int
    date: str = ""
    pnl: Decimal | None = None
    shown: str = ""
    level: str = ""


class Month(NamedTuple):
    name: str
    weeks: list[list[Tile]]


def months(pnls: Mapping[date, Decimal]) -> list[Month]:
    """Those in which a day was, the newest first."""
    most = max(map(abs, pnls.values()), default=Decimal(0))
    found = sorted({(day.year, day.month) for day in pnls}, reverse=True)
    return [
        Month(
            f"{calendar.month_name[month]} {year}",
            [
                [_tile(day, pnls, most) if day.month == month else Tile(0) for day in week]
                for week in calendar.Calendar().monthdatescalendar(year, month)
            ],
        )
        for year, month in found
    ]


def _tile(day: date, pnls: Mapping[date, Decimal], most: Decimal) -> Tile:
    pnl = pnls.get(day)
    if pnl is None:
        return Tile(day.day)
    shown = texts.short(pnl)
    tone = texts.tone(shown)
    if not tone:
        return Tile(day.day, str(day), pnl, shown)
    level = min(LEVELS, int(abs(pnl) / most * LEVELS) + 1)
    return Tile(day.day, str(day), pnl, shown, f"{tone}-{level}")
