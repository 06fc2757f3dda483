"""Roundings of columns are those of single numbers."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.engine.model.units import HALF, ONE, half_even, value_of
from streams.engine.rules.unit_columns import LARGEST, ratios_of, values_of

prices = st.one_of(
    st.integers(0, 10**14),
    st.integers(0, 1 << 62),
    st.builds(
        lambda whole, rest: whole * ONE + rest, st.integers(0, 3), st.sampled_from([0, HALF, 1, ONE - 1])
    ),
)


@given(st.lists(prices, min_size=1), prices)
def test_values(these: list[int], quantity: int) -> None:
    if max(these) * quantity >= LARGEST * ONE:
        with pytest.raises(OverflowError):
            values_of(np.array(these), quantity)
        return
    assert values_of(np.array(these), quantity).tolist() == [value_of(price, quantity) for price in these]


def test_a_value_between_two_goes_to_the_even_one() -> None:
    assert values_of(np.array([HALF, 3 * HALF, 5 * HALF]), 1).tolist() == [0, 2, 2]


@given(st.lists(st.tuples(prices, st.integers(1, 10**17)), min_size=1))
def test_ratios(pairs: list[tuple[int, int]]) -> None:
    pairs = [(min(part, whole * 3), whole) for part, whole in pairs]
    parts, wholes = np.array(pairs).T
    assert ratios_of(parts, wholes).tolist() == [half_even(part * ONE, whole) for part, whole in pairs]


def test_a_ratio_between_two_goes_to_the_even_one() -> None:
    wholes = np.full(4, 4 * ONE)
    assert ratios_of(np.array([1, 2, 6, 10]), wholes).tolist() == [0, 0, 2, 2]


@given(st.integers(0, 10**8), st.integers(1, 10**9), st.integers(-2, 2))
def test_ratios_near_a_tie(ratio: int, size: int, off: int) -> None:
    """Nearer than a double can tell."""
    whole = 2 * ONE * size
    part = max(0, (2 * ratio + 1) * size + off)
    assert ratios_of(np.array([part]), np.array([whole])).tolist() == [half_even(part * ONE, whole)]


TIE = LARGEST // (20 * ONE) + 1


@pytest.mark.parametrize(("part", "whole"), [(TIE, 2 * ONE * TIE), (LARGEST - 1, 1)])
def test_what_64_bits_may_not_hold_is_refused(part: int, whole: int) -> None:
    with pytest.raises(OverflowError):
        ratios_of(np.array([part]), np.array([whole]))
