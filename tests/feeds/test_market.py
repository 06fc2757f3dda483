"""The market without end: the same for a seed, wherever one begins, and alive."""

from itertools import islice, pairwise

import numpy as np
import pytest

from schemas.codec import encode
from schemas.market.tick_writer import write_ticks
from streams.accounts import presets
from streams.accounts.instruments import US_EQUITIES
from streams.engine.model.calendars import is_open
from streams.engine.model.units import DAY, HOUR, MINUTE, ONE
from streams.feeds.endless_market import NIGHT, NIGHT_CLOCKS, beats, day_before, opening_at, tape_of
from streams.feeds.market_day import LENGTH, MINUTES, OPEN, PRICES
from streams.feeds.past import Past
from streams.feeds.producers import FOLLOWED, PRODUCERS, TRAVELS

SUMMER = OPEN + 182 * DAY - HOUR
"""2026-07-06 13:30 UTC, a Monday."""


@pytest.fixture(scope="module")
def week():
    return list(islice(beats(5, OPEN), 6 * (MINUTES + NIGHT_CLOCKS)))


def joined(found, field):
    return np.concatenate([getattr(beat.ticks, field) for beat in found if len(beat.ticks)])


def signals(found):
    return [signal for beat in found for signal in beat.signals]


def records(seed, start, minutes=60):
    """All bytes that are published."""
    parts = []
    for beat in islice(beats(seed, start), minutes):
        if len(beat.ticks):
            parts += write_ticks(beat.ticks)[1]
        parts += [encode(signal) for signal in beat.signals] + [encode(beat.clock)]
    return parts


def test_the_same_seed_is_the_same_market_and_another_is_another():
    one, other = records(3, OPEN), records(4, OPEN)
    assert one == records(3, OPEN)
    clocks = {encode(beat.clock) for beat in islice(beats(3, OPEN), 60)}
    assert set(one) & set(other) == clocks


def test_whoever_begins_later_sees_the_rest(week):
    start = int(week[100].ticks.ts[3])
    later = list(islice(beats(5, start), 500))
    assert later[0].ticks.ts[0] == start
    for one, other in zip(later[1:], week[101:], strict=False):
        assert (one.ticks.ts == other.ticks.ts).all() and (one.ticks.price == other.ticks.price).all()
        assert (one.signals, one.clock) == (other.signals, other.clock)


def test_after_a_clock_the_next_minute_comes(week):
    clock = week[41].clock
    again = next(beats(5, clock.ts + 1))
    assert again.clock == week[42].clock and again.ticks.ts[0] == week[42].ticks.ts[0]


def test_time_never_goes_back(week):
    ts = joined(week, "ts")
    assert (ts[1:] >= ts[:-1]).all()
    clocks = np.array([beat.clock.ts for beat in week])
    assert (clocks[1:] > clocks[:-1]).all()
    newest = 0
    for beat in week:
        if len(beat.ticks):
            assert beat.ticks.ts[0] >= newest and beat.ticks.ts[-1] < beat.clock.ts
        newest = beat.clock.ts
        assert all(signal.ts == beat.clock.ts + TRAVELS for signal in beat.signals)


def test_prices_are_a_market_s(week):
    bid, price, ask = joined(week, "bid"), joined(week, "price"), joined(week, "ask")
    assert bid.min() > 0 and joined(week, "size").min() > 0
    assert ((bid <= price) & (price <= ask) & (bid < ask)).all()


def test_there_are_quiet_spells_bursts_and_gaps(week):
    ts, symbol, price, size = (joined(week[:MINUTES], field) for field in ("ts", "symbol", "price", "size"))
    for at in range(len(PRICES)):
        own = symbol == at
        assert np.diff(ts[own]).max() > MINUTE
        by_minute = np.bincount((ts[own] - OPEN) // MINUTE, size[own] / ONE, MINUTES)
        assert by_minute.max() > 4 * np.median(by_minute)
        assert np.abs(np.diff(np.log(price[own]))).max() > 0.003


def test_days_follow_each_other_and_weekends_are_left_out(week):
    opened = [at for at in (OPEN + day * DAY for day in range(8)) if is_open(US_EQUITIES, at)]
    ts = joined(week, "ts")
    assert sorted({int(t) // DAY for t in ts[::50]}) == [at // DAY for at in opened]
    assert all(is_open(US_EQUITIES, int(t)) for t in ts[::1000])
    assert [opening_at(OPEN + HOUR), opening_at(OPEN + LENGTH), day_before(OPEN)] == [
        OPEN,
        OPEN + DAY,
        OPEN - 3 * DAY,
    ]
    assert next(beats(1, SUMMER - DAY)).clock.ts == SUMMER + MINUTE


def test_a_night_is_waited_for_two_minutes(week):
    ends = [beat.ends() for beat in week]
    assert all(0 < later - one <= MINUTE for one, later in pairwise(ends))
    assert ends[MINUTES + NIGHT_CLOCKS - 1] - ends[MINUTES - 1] == NIGHT
    for beat in week[MINUTES : MINUTES + NIGHT_CLOCKS + 2]:
        due = beat.due()
        assert not len(due) or (due[-1] < beat.ends() and due[0] >= beat.ends() - MINUTE)


def test_prices_stay_around_their_level_for_years():
    for month in range(0, 60, 6):
        opens = opening_at(OPEN + month * 30 * DAY)
        for at, usual in enumerate(PRICES.values()):
            price = tape_of(9, at, opens).price / ONE / usual
            assert 0.7 < price.min() < price.max() < 1.4


def test_a_day_opens_near_the_last_close(week):
    ticks = [beat.ticks for beat in week if len(beat.ticks)]
    pairs = [(a, b) for a, b in pairwise(ticks) if b.ts[0] - a.ts[-1] > HOUR]
    assert len(pairs) == 5
    for evening, morning in pairs:
        for at in range(len(PRICES)):
            close, opened = evening.price[evening.symbol == at][-1], morning.price[morning.symbol == at][0]
            assert abs(opened / close - 1) < 0.02


def test_a_producer_knows_nothing_of_what_comes(week):
    """Cut off anywhere, the past says the same."""
    volume, close = np.random.default_rng(1).lognormal(4, 0.5, (2, 2 * MINUTES))
    close = 50e8 * np.exp(np.cumsum((close - close.mean()) * 3e-6))
    whole = Past("X", OPEN, volume * (1 + 5 * (np.arange(2 * MINUTES) % 60 < 5)), close)
    for cut in (MINUTES + 60, MINUTES + 217):
        part = Past("X", OPEN, whole.volume[:cut], whole.close[:cut])
        for name, produce in PRODUCERS.items():
            known = [said for said in produce(whole) if said[0] < cut - 1 - MINUTES]
            assert list(produce(part)) == known, name


def test_every_preset_has_a_producer_that_speaks_well(week):
    assert set(FOLLOWED) == set(presets()) and set(FOLLOWED.values()) == set(PRODUCERS)
    found = signals(week)
    assert len({signal.signal_id for signal in found}) == len(found)
    hours = 6 * LENGTH / HOUR
    for source in PRODUCERS:
        own = [signal for signal in found if signal.source == source]
        assert len(own) / hours > 5
        assert {signal.symbol for signal in own} == set(PRICES)
        assert all(
            signal.features and signal.tags and 0 <= (signal.confidence or 0) <= 1
            for signal in own
            if signal.side != "flat"
        )
        if source != "tracker":
            assert {"long", "short"} <= {signal.side for signal in own}
            assert all(signal.theories for signal in own if signal.side != "flat")
    assert {tag for signal in found if signal.source == "agent" for tag in signal.tags} == {
        "breakout",
        "volume-surge",
        "vwap-deviation",
    }
