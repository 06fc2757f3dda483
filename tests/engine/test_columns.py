"""Searching a column finds what looking at each record finds, however long the column is."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.engine.market.column import Column
from streams.engine.model.units import FOREVER, ONE

lengths = st.sampled_from([1, 63, 64, 65, 255, 256, 257, 300, 4_096, 5_000, 20_000])


@st.composite
def columns(draw: st.DrawFn) -> tuple[list[int], list[int]]:
    """What each record reached, high and low: a walk, now and then with bars."""
    dice = np.random.default_rng(draw(st.integers(0, 10_000)))
    length = draw(lengths)
    walk = 100 * ONE + np.cumsum(dice.integers(-3, 4, length)) * ONE // 10
    reach = dice.integers(0, 3, length) * ONE // 10 * draw(st.integers(0, 1))
    return (walk + reach).tolist(), (walk - reach).tolist()


@given(columns(), st.data())
def test_where_a_level_is_first_reached(column: tuple[list[int], list[int]], data: st.DataObject) -> None:
    top, bottom = column
    start = data.draw(st.integers(0, len(top)))
    end = data.draw(st.integers(start, len(top)))
    offset = st.integers(0, 200).map(lambda tenths: tenths * ONE // 10)
    above = data.draw(st.one_of(st.just(FOREVER), offset.map(lambda away: top[0] + away)))
    below = data.draw(st.one_of(st.just(-FOREVER), offset.map(lambda away: bottom[0] - away)))
    expected = next((at for at in range(start, end) if top[at] >= above or bottom[at] <= below), -1)
    assert Column(np.array(top), np.array(bottom)).first(start, end, above, below) == expected


@given(columns(), st.sampled_from([1, -1]), st.sampled_from([0, ONE // 100, ONE // 20]), st.data())
def test_where_a_trailing_stop_is_first_reached(
    column: tuple[list[int], list[int]], side: int, share: int, data: st.DataObject
) -> None:
    """A candidate may prove false, so it comes at the first true one or before."""
    top, bottom = column
    amount = 0 if share else data.draw(st.integers(1, 40)) * ONE // 10
    start = data.draw(st.integers(0, len(top)))
    best = side * data.draw(st.sampled_from([top[0], bottom[0], top[0] + side * 5 * ONE]))
    expected, extreme = -1, best
    for at in range(start, len(top)):
        good, bad = (top[at], bottom[at]) if side > 0 else (-bottom[at], -top[at])
        stop = extreme - (abs(extreme) // ONE * share + abs(extreme) % ONE * share // ONE) - amount
        if bad <= stop:
            expected = at
            break
        extreme = max(extreme, good)
    found = Column(np.array(top), np.array(bottom)).trail(start, len(top), side, side * best, share, amount)
    assert found == expected


LONG = 64 * 64 * 5 + 7
"""Three levels high, and no whole blocks at its end."""


@pytest.mark.parametrize("at", [1, 63, 64, 65, 4_095, 4_096, 4_097, 12_345, LONG - 8, LONG - 7, LONG - 1])
def test_one_record_among_many_is_found_wherever_it_is(at: int) -> None:
    values = np.full(LONG, 100 * ONE)
    values[at] = 103 * ONE
    rises = Column(values, values)
    assert rises.first(0, LONG, 102 * ONE, -FOREVER) == at
    assert rises.extremes(0, LONG) == (103 * ONE, 100 * ONE)
    assert Column(-values, -values).first(0, LONG, FOREVER, -102 * ONE) == at
    assert rises.trail(0, LONG, -1, 100 * ONE, 0, 2 * ONE) == at
    assert Column(-values, -values).trail(0, LONG, 1, -100 * ONE, 0, 2 * ONE) == at
