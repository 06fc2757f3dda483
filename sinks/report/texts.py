"""Numbers as a trader reads them.

Rules of this file: a number that is not known is a dash; minus is a real minus; a change carries its sign;
prices and quantities keep their digits, money is shown to the cent.
"""

from datetime import datetime, timedelta
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any

UNKNOWN = "–"
MINUS = "−"
CENTS = Decimal("0.01")
WHOLE_FROM = 100_000
"""From here on cents say nothing in a tile."""
MINUTE_S, HOUR_S, DAY_S = 60, 3_600, 86_400

Number = Decimal | float


def money(value: Number | None) -> str:
    """To the cent."""
    return UNKNOWN if value is None else _fixed(value, 2)


def change(value: Number | None) -> str:
    """Money won or lost, to the cent."""
    return UNKNOWN if value is None else _signed(value, 2)


def large(value: Number | None) -> str:
    """Money for a tile: without cents where they say nothing."""
    return UNKNOWN if value is None else _fixed(value, 0 if _reaches(value, WHOLE_FROM) else 2)


def large_change(value: Number | None) -> str:
    return UNKNOWN if value is None else _signed(value, 0 if _reaches(value, WHOLE_FROM) else 2)


def exact(value: Number | None) -> str:
    """A price or a quantity: all its digits, none that say nothing."""
    if value is None:
        return UNKNOWN
    decimal = Decimal(str(value)).normalize()
    places = max(0, -int(decimal.as_tuple().exponent))
    return _fixed(decimal, places)


def rounded(value: Number | None) -> str:
    """An average price: as many digits as say something."""
    return exact(None if value is None else round(Decimal(str(value)), 4 if _reaches(value, 1) else 8))


def percent(value: Number | None) -> str:
    """Of a fraction."""
    return UNKNOWN if value is None else f"{_fixed(float(value) * 100, 1)} %"


def distance(value: Number | None) -> str:
    """A fraction's size in percent, where the words around it say its direction."""
    return UNKNOWN if value is None else f"{_fixed(abs(float(value)) * 100, 2)} %"


def percent_change(value: Number | None) -> str:
    return UNKNOWN if value is None else f"{_signed(float(value) * 100, 2)} %"


def percent_points(value: Number | None) -> str:
    """How far two fractions are apart."""
    return UNKNOWN if value is None else f"{_signed(float(value) * 100, 2)} pp"


def hundredths(value: Number | None) -> str:
    """Percent that is percent already."""
    return UNKNOWN if value is None else f"{_signed(value, 2)} %"


def points(value: Number | None) -> str:
    """Basis points, signed."""
    return UNKNOWN if value is None else f"{_signed(value, 1)} bp"


def short(value: Number) -> str:
    """Money won or lost where there is little room."""
    for unit, name in ((1_000_000_000, "B"), (1_000_000, "M"), (1_000, "k")):
        if _reaches(value, unit):
            scaled = float(value) / unit
            return f"{_signed(scaled, 1 if abs(scaled) < 10 else 0)}{name}"
    return _signed(value, 0 if _reaches(value, 10) else 2)


def ratio(value: Number | None) -> str:
    return UNKNOWN if value is None else _fixed(value, 2)


def ratio_change(value: Number | None) -> str:
    return UNKNOWN if value is None else _signed(value, 2)


def measure(value: float | None) -> str:
    """What a rule measured: whatever it is, in few digits."""
    return (
        UNKNOWN
        if value is None
        else f"{value:,.4g}".replace("-", MINUS)
        if abs(value) < 10_000
        else _fixed(value, 0)
    )


def count(value: int | None) -> str:
    return UNKNOWN if value is None else f"{value:,}"


def count_change(value: int | None) -> str:
    return UNKNOWN if value is None else _signed(value, 0)


def counted(number: int, one: str, several: str | None = None) -> str:
    return f"{number:,} {one if number == 1 else several or one + 's'}"


def time(value: datetime | None) -> str:
    return UNKNOWN if value is None else f"{value:%Y-%m-%d %H:%M:%S}"


def minute(value: datetime | None) -> str:
    return UNKNOWN if value is None else f"{value:%Y-%m-%d %H:%M}"


def duration(seconds: Number | timedelta | None) -> str:
    """In its two largest units."""
    if seconds is None:
        return UNKNOWN
    whole = round(seconds.total_seconds() if isinstance(seconds, timedelta) else float(seconds))
    for unit, name, below, smaller in ((DAY_S, "d", HOUR_S, "h"), (HOUR_S, "h", MINUTE_S, "min")):
        if whole >= unit:
            large_part, rest = divmod(whole, unit)
            return f"{large_part} {name} {rest // below} {smaller}"
    return f"{whole // MINUTE_S} min {whole % MINUTE_S} s" if whole >= MINUTE_S else f"{whole} s"


def words(code: str | None) -> str:
    """A reason's code as words."""
    return (code or "").replace("_", " ") or UNKNOWN


def tone(shown: str) -> str:
    """The class of a change as it is read: what reads 0 was neither won nor lost."""
    return "gain" if shown.startswith("+") else "loss" if shown.startswith(MINUS) else ""


def raw(value: Any) -> str:
    """As a program reads it."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.isoformat()
    return f"{value:f}" if isinstance(value, Decimal) else str(value)


FILTERS = {
    each.__name__: each
    for each in (
        *(money, change, large, large_change, exact, rounded, percent, percent_change, hundredths, points),
        *(ratio, measure, count, counted, time, minute, duration, words, tone, raw),
    )
}


def _reaches(value: Number, size: int) -> bool:
    return value >= size or value <= -size


def _fixed(value: Number, places: int) -> str:
    rounded = Decimal(str(value)).quantize(Decimal(1).scaleb(-places), ROUND_HALF_EVEN)
    return f"{abs(rounded):,f}" if rounded >= 0 else f"{MINUS}{abs(rounded):,f}"


def _signed(value: Number, places: int) -> str:
    text = _fixed(value, places)
    return text if text.startswith(MINUS) or not any(digit in text for digit in "123456789") else f"+{text}"
