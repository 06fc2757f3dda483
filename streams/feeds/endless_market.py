"""A made-up market without end: one trading day after the other, with nights and weekends between them.

Rules of this file: a day is a function of the seed and its date alone, so whoever begins anywhere sees the
same. Prices stay around their usual level for ever. Times never go back.
"""

import math
from collections.abc import Generator, Iterator
from dataclasses import dataclass, replace

import numpy as np

from schemas.columns import Columns, Ints
from schemas.messages import Clock, Signal
from streams.accounts.instruments import US_EQUITIES
from streams.engine.market.record_checks import take
from streams.engine.model.calendars import is_open, next_close, next_open
from streams.engine.model.units import DAY, HOUR, MINUTE
from streams.feeds.market_day import LENGTH, MINUTES, PRICES, Tape, make_tape, merged, minutes_of
from streams.feeds.past import Past
from streams.feeds.producers import PRODUCERS

FEED = "simulated"

SURGES = 6
"""A day and symbol."""
CALM_BEGINNING = 300
"""Seconds."""
GAP = 0.004
"""How far a price usually is from the last close when the market opens."""
WANDERS, REMEMBERS = 0.1, 10
"""A day's move of the level, averaged over so many days."""

NIGHT = 2 * MINUTE
"""So long is a night or a weekend waited for."""
NIGHT_CLOCKS = 6


@dataclass(frozen=True, slots=True)
class Beat:
    """A minute of a day, or a part of a night: its ticks, then what producers say of it, then a clock."""

    ticks: Columns
    signals: list[Signal]
    clock: Clock
    skipped: int
    """Event time before its end that nobody waits for."""

    def due(self) -> Ints:
        """When each tick is due, in the time that is waited for."""
        due: Ints = self.ticks.ts - self.skipped
        return due

    def ends(self) -> int:
        return self.clock.ts - self.skipped


def beats(seed: int, start: int) -> Iterator[Beat]:
    """Everything from that time on."""
    opens, skipped = opening_at(start), 0
    while True:
        for beat in day_beats(seed, opens, skipped):
            if beat.clock.ts >= start:
                yield _behind(beat, start)
        closes, opens = opens + LENGTH, next_open(US_EQUITIES, opens + LENGTH)
        skipped = yield from _night(closes, opens, skipped)


def day_beats(seed: int, opens: int, skipped: int = 0) -> Iterator[Beat]:
    """The minutes of the day that opens then."""
    names = list(PRICES)
    tapes = [tape_of(seed, at, opens) for at in range(len(names))]
    before = day_before(opens)
    signals: dict[int, list[Signal]] = {}
    for at, (name, tape) in enumerate(zip(names, tapes, strict=True)):
        past = Past.of(name, opens, minutes_of(tape_of(seed, at, before), before), minutes_of(tape, opens))
        for produce in PRODUCERS.values():
            for minute, signal in produce(past):
                signals.setdefault(minute, []).append(signal)
    market = merged(names, tapes)
    bounds = np.searchsorted(market.ts, opens + np.arange(MINUTES + 1) * MINUTE).tolist()
    for minute in range(MINUTES):
        yield Beat(
            ticks=take(market, slice(bounds[minute], bounds[minute + 1])),
            signals=signals.get(minute, []),
            clock=Clock(feed=FEED, ts=opens + (minute + 1) * MINUTE),
            skipped=skipped,
        )


def _night(closes: int, opens: int, skipped: int) -> Generator[Beat, None, int]:
    """Clocks up to the next day; gives what nobody waited for by then."""
    skips = opens - closes - NIGHT
    for part in range(1, NIGHT_CLOCKS + 1):
        clock = Clock(feed=FEED, ts=closes + (opens - closes) * part // NIGHT_CLOCKS)
        yield Beat(NOTHING, [], clock, skipped + skips * part // NIGHT_CLOCKS)
    return skipped + skips


def _behind(beat: Beat, start: int) -> Beat:
    first = int(beat.ticks.ts.searchsorted(start))
    return replace(beat, ticks=take(beat.ticks, slice(first, None))) if first else beat


# Days ------------------------------------------------------------------------------------------


def opening_at(time: int) -> int:
    """When the day opens that is open at that time, or else the next."""
    if is_open(US_EQUITIES, time):
        return next_close(US_EQUITIES, time) - LENGTH
    return next_open(US_EQUITIES, time)


def day_before(opens: int) -> int:
    """When the trading day before opened."""
    found, early = opens, opens - 2 * HOUR
    while found >= opens:
        early -= DAY
        found = next_open(US_EQUITIES, early)
    return found


def tape_of(seed: int, at: int, opens: int) -> Tape:
    """One symbol's day."""
    random = np.random.Generator(np.random.PCG64([seed, at, opens // DAY]))
    usual = list(PRICES.values())[at]
    begin = usual * math.exp(_level(seed, at, opens) + random.standard_normal() * GAP)
    end = usual * math.exp(_level(seed, at, next_open(US_EQUITIES, opens + LENGTH)))
    return make_tape(random, begin, end, opens=opens, surges=SURGES, calm=CALM_BEGINNING)


def _level(seed: int, at: int, opens: int) -> float:
    """How far a symbol is from its usual price on that day, as a logarithm."""
    today = opens // DAY
    days = range(today - REMEMBERS + 1, today + 1)
    moves = (np.random.Generator(np.random.PCG64([seed, at, day, 1])).standard_normal() for day in days)
    return WANDERS * float(sum(moves)) / REMEMBERS


def _nothing() -> Columns:
    none = np.zeros(0, np.int64)
    return Columns([], none.astype(np.int32), none, none, none, none, none)


NOTHING = _nothing()
