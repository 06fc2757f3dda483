"""The symbols file: what trades, in which steps, and when its market is open."""

from collections.abc import Mapping
from datetime import date
from typing import Any

import msgspec

from streams.accounts import values
from streams.accounts.document import Faults, Item, nearest, parse
from streams.accounts.load import read_text
from streams.engine.model.settings import Checks, Instrument, Instruments, Session
from streams.engine.model.units import ONE

ALWAYS_OPEN = "24/7"
US_EQUITIES = Session(
    name="us-equities", zone="America/New_York", open=9 * 60 + 30, close=16 * 60, weekdays=(0, 1, 2, 3, 4)
)
BUILT_IN: dict[str, Session | None] = {ALWAYS_OPEN: None, US_EQUITIES.name: US_EQUITIES}

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
DATE = "a date such as 2026-12-25"
DAYS = "weekdays such as mon-fri or [mon, wed, fri]"

FILE = "the keys defaults, symbols, calendars and checks"
INSTRUMENT = "{tick_size: 0.01, lot: 1, calendar: us-equities}"
CALENDAR = '{zone: Europe/London, open: "08:00", close: "16:30", weekdays: mon-fri, holidays: [2026-12-25]}'


def load_instruments(path: str) -> Instruments:
    return parse_instruments(read_text(path, "symbols", []), path)


def parse_instruments(text: str, origin: str) -> Instruments:
    faults = Faults()
    calendars: Mapping[str, Session | None] = BUILT_IN
    file = parse(text, origin, faults)
    with faults.gathered():
        file.fields(dict.fromkeys(("defaults", "symbols", "calendars", "checks"), lambda item: item), FILE)
    if "calendars" in file.entries:
        with faults.gathered():
            calendars = {**BUILT_IN, **_calendars(file.entries["calendars"])}
    default, known, checks = Instrument(symbol=""), {}, Checks()
    if "defaults" in file.entries:
        with faults.gathered():
            default = msgspec.structs.replace(default, **_instrument(file.entries["defaults"], calendars))
    if "symbols" in file.entries:
        with faults.gathered():
            known = _symbols(file.entries["symbols"], default, calendars)
    if "checks" in file.entries:
        with faults.gathered():
            checks = _checks(file.entries["checks"])
    faults.raise_any()
    return Instruments(known=known, default=default, checks=checks)


def _symbols(
    item: Item, default: Instrument, calendars: Mapping[str, Session | None]
) -> dict[str, Instrument]:
    """Each symbol is the defaults with its own values in their place."""
    if item.kind != "mapping":
        raise item.wrong(f"symbols such as AAPL: {INSTRUMENT}")
    faults = Faults()
    known = {}
    for symbol, part in item.entries.items():
        with faults.gathered():
            own = {} if part.is_none else _instrument(part, calendars)
            known[symbol] = msgspec.structs.replace(default, symbol=symbol, **own)
    faults.raise_any()
    return known


def _instrument(item: Item, calendars: Mapping[str, Session | None]) -> dict[str, Any]:
    def calendar(name: Item) -> Session | None:
        if name.value("the name of a calendar") not in calendars:
            raise name.fault(f'found "{name.text}"; expected a calendar: ' + nearest(name.text, calendars))
        return calendars[name.text]

    return item.fields(
        {
            "tick_size": values.money(above_zero=True),
            "lot": values.money(above_zero=True),
            "min_notional": values.money(),
            "calendar": calendar,
            "currency": values.text("a currency such as USD", r"[A-Z][A-Z0-9]{1,9}"),
            "groups": values.texts("groups such as [tech, semiconductors]", r"\S.*"),
        },
        INSTRUMENT,
    )


def _calendars(item: Item) -> dict[str, Session]:
    if item.kind != "mapping":
        raise item.wrong(f"calendars such as london: {CALENDAR}")
    faults = Faults()
    read = {}
    for name, part in item.entries.items():
        with faults.gathered():
            if name in BUILT_IN:
                raise part.fault("is built in; choose another name")
            read[name] = _calendar(name, part)
    faults.raise_any()
    return read


def _calendar(name: str, item: Item) -> Session:
    read = item.fields(
        {
            "zone": values.zone,
            "open": values.minute_of_day,
            "close": lambda part: values.minute_of_day(part, last=24 * 60),
            "weekdays": _weekdays,
            "holidays": _holidays,
        },
        CALENDAR,
    )
    item.need(read, "zone", "open", "close")
    if read["open"] >= read["close"]:
        raise item.entries["close"].wrong("a time of day after the open")
    return Session(name=name, **read)


def _weekdays(item: Item) -> tuple[int, ...]:
    days: set[int] = set()
    for part in item.list_or_one(DAYS):
        ends = part.value(DAYS).lower().split("-")
        if len(ends) > 2 or not set(ends) <= set(WEEKDAYS):
            raise part.wrong(DAYS)
        first, last = WEEKDAYS.index(ends[0]), WEEKDAYS.index(ends[-1])
        if first > last:
            raise part.wrong(DAYS)
        days.update(range(first, last + 1))
    return tuple(sorted(days))


def _holidays(item: Item) -> tuple[str, ...]:
    return tuple(sorted(_date(part) for part in item.list_or_one(DATE)))


def _date(item: Item) -> str:
    written = item.value(DATE)
    try:
        same = date.fromisoformat(written).isoformat() == written
    except ValueError:
        same = False
    if not same:
        raise item.wrong(DATE)
    return written


def _checks(item: Item) -> Checks:
    read = item.fields(
        {
            "lateness": values.duration(above_zero=False),
            "max_jump": values.share(most=100 * ONE),
            "stale_after": values.duration(),
        },
        "{lateness: 5s, max_jump: 20%, stale_after: 60s}",
    )
    return Checks(**read)
