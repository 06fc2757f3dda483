"""The market: checks, event time, marks, and what is measured on its history."""

from collections.abc import Sequence
from decimal import Decimal, localcontext
from fractions import Fraction
from itertools import pairwise

from schemas.messages import Bar, Clock, Tick
from streams.engine.model.settings import Instruments

from .numbers import DAY, MINUTE, ONE, half_even, share

Record = Tick | Bar | Clock


def last_of(tick: Tick) -> int | None:
    return tick.price or None


def bid_of(record: Tick | Bar) -> int | None:
    return (record.bid or None) if isinstance(record, Tick) else None


def ask_of(record: Tick | Bar) -> int | None:
    return (record.ask or None) if isinstance(record, Tick) else None


def mark_of(record: Tick | Bar) -> int:
    """Last, else mid; of a bar its close."""
    if isinstance(record, Bar):
        return record.close
    last, bid, ask = last_of(record), bid_of(record), ask_of(record)
    if last is not None:
        return last
    assert bid is not None and ask is not None
    return half_even(Fraction(bid + ask, 2))


def price_for(record: Tick | Bar, side: int) -> int:
    """Buys match on the ask and sells on the bid where quoted, else on last; of a bar its close."""
    if isinstance(record, Bar):
        return record.close
    quoted = ask_of(record) if side > 0 else bid_of(record)
    return quoted if quoted is not None else mark_of(record)


class Market:
    """What is known of the market after each record that was offered."""

    def __init__(self, records: Sequence[Record], instruments: Instruments) -> None:
        self.instruments = instruments
        self.first_interval: dict[str, int] = {}
        for each in records:
            if isinstance(each, Bar):
                self.first_interval.setdefault(each.symbol, self.interval(each))
        self.now: int | None = None
        self.previous: int | None = None
        self.record: Record | None = None
        """The record at which things happen; None between two records."""
        self.before: dict[str, int] = {}
        self.marks: dict[str, int] = {}
        self.history: dict[str, list[tuple[int, Tick | Bar]]] = {}
        self.raw: dict[str, list[int]] = {}
        self.dropped: dict[str, int] = {}

    def interval(self, bar: Bar) -> int:
        return bar.interval or MINUTE

    def own_time(self, record: Record) -> int:
        return record.ts + self.interval(record) if isinstance(record, Bar) else record.ts

    def offer(self, record: Record) -> bool:
        """Check a record; an accepted one becomes the present."""
        reason = self._wrong(record)
        if reason is not None:
            self.dropped[reason] = self.dropped.get(reason, 0) + 1
            return False
        own = self.own_time(record)
        self.previous = self.now
        self.now = own if self.now is None else max(own, self.now)
        self.record = record
        self.before = dict(self.marks)
        if not isinstance(record, Clock):
            self.marks[record.symbol] = mark_of(record)
            self.history.setdefault(record.symbol, []).append((self.now, record))
        return True

    def _wrong(self, record: Record) -> str | None:
        checks = self.instruments.checks
        if isinstance(record, Tick):
            if min(record.price or 0, record.bid or 0, record.ask or 0) < 0:
                return "non_positive_price"
            if not record.price and not (record.bid and record.ask):
                return "non_positive_price"
        if isinstance(record, Bar) and min(record.open, record.high, record.low, record.close) <= 0:
            return "non_positive_price"
        if self.now is not None and self.own_time(record) < self.now - checks.lateness:
            return "late_record"
        if isinstance(record, Tick):
            bid, ask = bid_of(record), ask_of(record)
            if bid is not None and ask is not None and bid > ask:
                return "bid_above_ask"
            price = mark_of(record)
            earlier = self.raw.setdefault(record.symbol, [])
            near = [old for old in earlier[-2:] if abs(price - old) <= share(old, checks.max_jump)]
            jumped = bool(earlier) and not near
            earlier.append(price)
            if jumped:
                return "jump"
        if isinstance(record, Bar) and not (
            record.low <= min(record.open, record.close) <= max(record.open, record.close) <= record.high
        ):
            return "bad_bar"
        return None

    def latest(self, symbol: str) -> Tick | Bar | None:
        seen = self.history.get(symbol)
        return seen[-1][1] if seen else None

    def latest_time(self, symbol: str) -> int | None:
        seen = self.history.get(symbol)
        return seen[-1][0] if seen else None

    def volume(self) -> int | None:
        """The known volume of the present record."""
        if isinstance(self.record, Tick):
            return self.record.size
        if isinstance(self.record, Bar):
            return self.record.volume
        return None

    def vwap(self, symbol: str) -> Fraction | None:
        assert self.now is not None
        total, volume = 0, 0
        today = (self.now - 1 if isinstance(self.record, Bar) else self.now) // DAY
        for at, record in self.history.get(symbol, []):
            when = at - 1 if isinstance(record, Bar) else at
            size = record.volume if isinstance(record, Bar) else record.size
            if when // DAY == today and size:
                total += mark_of(record) * size
                volume += size
        return Fraction(total, volume) if volume > 0 else None

    def atr(self, symbol: str, interval: int, length: int) -> Fraction | None:
        assert self.now is not None
        bars: dict[int, list[int]] = {}
        for at, record in self.history.get(symbol, []):
            if isinstance(record, Bar):
                key, prices = record.ts // interval, [record.open, record.high, record.low, record.close]
            else:
                key, prices = at // interval, [mark_of(record)]
            bars.setdefault(key, []).extend(prices)
        done = [bars[key] for key in sorted(bars) if (key + 1) * interval <= self.now]
        ranges = []
        for place, prices in enumerate(done):
            high, low = max(prices), min(prices)
            spans = [high - low]
            if place > 0:
                close = done[place - 1][-1]
                spans += [abs(high - close), abs(low - close)]
            ranges.append(max(spans))
        if len(ranges) < length or length < 1:
            return None
        return Fraction(half_even(Fraction(sum(ranges[-length:]), length)))

    def _daily_returns(self, symbol: str) -> dict[int, Fraction]:
        assert self.now is not None
        closes: dict[int, int] = {}
        for at, record in self.history.get(symbol, []):
            day = (record.ts if isinstance(record, Bar) else at) // DAY
            closes[day] = mark_of(record)
        days = [day for day in sorted(closes) if day < self.now // DAY]
        return {day: Fraction(closes[day], closes[old]) - 1 for old, day in pairwise(days)}

    def correlate(self, one: str, other: str, rho: float) -> bool:
        """Whether the daily returns of the last 60 common days correlate at rho or more."""
        first, second = self._daily_returns(one), self._daily_returns(other)
        common = sorted(set(first) & set(second))[-60:]
        if len(common) < 20:
            return False
        xs, ys = [first[day] for day in common], [second[day] for day in common]
        mean_x, mean_y = sum(xs, Fraction(0)) / len(xs), sum(ys, Fraction(0)) / len(ys)
        cross = sum(((x - mean_x) * (y - mean_y) for x, y in zip(xs, ys, strict=True)), Fraction(0))
        square = sum(((x - mean_x) ** 2 for x in xs), Fraction(0)) * sum(
            ((y - mean_y) ** 2 for y in ys), Fraction(0)
        )
        if square == 0:
            return False
        with localcontext() as context:
            context.prec = 50
            root = (Decimal(square.numerator) / Decimal(square.denominator)).sqrt()
            measured = Decimal(cross.numerator) / Decimal(cross.denominator) / root
        return measured >= Decimal(repr(rho))


__all__ = ["ONE", "Market", "Record", "ask_of", "bid_of", "last_of", "mark_of", "price_for"]
