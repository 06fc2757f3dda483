"""Numbers and times of files, exactly."""

from decimal import Decimal

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.engine.model.units import ONE, SECOND
from streams.files.values.decimals import MISSING, to_units
from streams.files.values.single_times import time_of
from streams.files.values.times import to_micros
from streams.files.writing.text import decimal_text, plain_text, time_text

NOON = 1_767_355_200 * SECOND
"""2026-01-02T12:00:00Z"""


def units(*cells: object, kind: pa.DataType | None = None) -> list[object]:
    """Each cell's value; None where it is missing, "bad" where it is no number."""
    return said(to_units(pa.array(cells, kind or pa.string())))


def micros(*cells: object, kind: pa.DataType | None = None) -> list[object]:
    return said(to_micros(pa.array(cells, kind or pa.string())))


def said(read) -> list[object]:
    rows = zip(read.values.tolist(), read.missing.tolist(), read.bad.tolist(), strict=True)
    return ["bad" if bad else None if missing else value for value, missing, bad in rows]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("100", 100 * ONE),
        ("0.1", ONE // 10),
        ("-0.00000001", -1),
        ("+.5", ONE // 2),
        ("5.", 5 * ONE),
        (" 1.5 ", ONE * 3 // 2),
        ("1e-5", 1_000),
        ("1E3", 1_000 * ONE),
        ("0.123456785", 12_345_678),
        ("0.123456775", 12_345_678),
        ("0.1234567750000000000000001", 12_345_678),
        ("92233720368.54775807", (1 << 63) - 1),
        ("92233720368.54775808", "bad"),
        ("1e400", "bad"),
        ("1e-400", 0),
        ("1,5", "bad"),
        ("1_000", "bad"),
        ("inf", "bad"),
        ("0x10", "bad"),
        ("nan", None),
        ("", None),
    ],
)
def test_a_number_of_a_text_column(text, value):
    assert units(text) == [value]
    assert units("1", text, None, "2.5") == [ONE, value, None, ONE * 5 // 2]


@given(st.lists(st.integers(-(10**17), 10**17), max_size=8))
def test_decimals_are_read_as_they_are_written(values):
    assert units(*[decimal_text(value) for value in values]) == values


def test_numbers_of_typed_columns():
    assert units(0.1, 1e-9, float("nan"), 123456789.1, None, kind=pa.float64()) == [
        ONE // 10,
        0,
        None,
        12_345_678_910_000_000,
        None,
    ]
    assert units(float("inf"), kind=pa.float64()) == ["bad"]
    assert units(100.1, kind=pa.float32()) == [10_010_000_000]
    assert units(7, None, kind=pa.int32()) == [7 * ONE, None]
    assert units(Decimal("1.005"), kind=pa.decimal128(10, 3)) == [100_500_000]
    assert units(None, kind=pa.null()) == [None]
    assert units(True, kind=pa.bool_()) == ["bad"]
    assert said(to_units(pa.array(["1", "2", "1"]).dictionary_encode())) == [ONE, 2 * ONE, ONE]
    assert said(to_units(pa.array(["9", "1.5", "2"]).slice(1))) == [ONE * 3 // 2, 2 * ONE]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("2026-01-02T12:00:00Z", NOON),
        ("2026-01-02T13:00:00+01:00", NOON),
        ("2026-01-02T07:00:00-0500", NOON),
        ("2026-01-02 12:00:00", NOON),
        ("2026-01-02T12:00", NOON),
        ("2026-01-02 12:00:00 UTC", NOON),
        ("2026-01-02T12:00:00.5Z", NOON + SECOND // 2),
        ("2026-01-02T12:00:00.000001", NOON + 1),
        ("2026-01-02T12:00:00.123456789Z", NOON + 123_456),
        ("2026-01-02", NOON - 12 * 3_600 * SECOND),
        ("20260102", NOON - 12 * 3_600 * SECOND),
        ("1767355200", NOON),
        ("1767355200000", NOON),
        ("1767355200000000", NOON),
        ("1767355200000000000", NOON),
        ("1767355200.25", NOON + SECOND // 4),
        ("1767355200000.0", NOON),
        ("0", 0),
        ("60", 60 * SECOND),
        ("yesterday", "bad"),
        ("12:00:00", "bad"),
        ("2026-13-01", "bad"),
        ("20261301", "bad"),
        ("99999999999999999999", "bad"),
        ("", None),
    ],
)
def test_a_time_of_a_text_column(text, value):
    assert micros(text) == [value]
    assert micros("2026-01-02T12:00:00Z", text, None, "1767355200") == [NOON, value, None, NOON]


MOMENTS = st.datetimes()
TIMES = st.one_of(
    st.builds(
        lambda moment, clock, fraction, zone: f"{moment:{clock}}{fraction}{zone}",
        MOMENTS,
        st.sampled_from(("%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S")),
        st.sampled_from(("", ".5", ".123456", ",25", ".123456789", ".")),
        st.sampled_from(("", "Z", " UTC", "GMT", "+01:00", "-0530", "+01", "+25:00")),
    ),
    st.builds(
        lambda moment, form: f"{moment:{form}}",
        MOMENTS,
        st.sampled_from(
            ("%Y-%m-%d", "%Y%m%d", "%Y-%m-%d %H:%M", "%Y-%m-%d %I:%M %p", "%Y-%m-%d %I:%M:%S%p", "%b %d, %Y")
        ),
    ),
    st.integers(-(10**19), 10**19).map(str),
    st.from_regex(r"[+-]?[0-9]{0,20}\.[0-9]{0,10}", fullmatch=True),
    st.sampled_from(
        ("2026-02-30", "2026-02-30 12:00", "2026-01-02 24:00", "0000-01-01", "2026-01-02 00:30 PM", "noon", " ", "NaN")
    ),
)  # fmt: skip


@given(st.lists(st.none() | TIMES, max_size=30))
def test_texts_of_all_looks_are_read_as_each_of_them(cells):
    def wanted(cell):
        if cell is None or cell.strip().lower() in MISSING:
            return None
        return "bad" if (time := time_of(cell)) is None else time

    assert micros("noon", "Jan 2, 2026", *cells)[2:] == [wanted(cell) for cell in cells]


def test_times_of_typed_columns():
    noon = np.datetime64("2026-01-02T12:00:00")
    for unit in ("s", "ms", "us", "ns"):
        assert micros(noon.astype(f"datetime64[{unit}]"), None, kind=pa.timestamp(unit)) == [NOON, None]
    assert micros(noon.astype("datetime64[D]").item(), kind=pa.date32()) == [NOON - 12 * 3_600 * SECOND]
    assert micros(1_767_355_200, kind=pa.int64()) == [NOON]
    assert micros(1_767_355_200.5, kind=pa.float64()) == [NOON + SECOND // 2]


@pytest.mark.parametrize(
    ("written", "text"),
    [
        (decimal_text(100 * ONE), "100"),
        (decimal_text(9_950_000_000), "99.5"),
        (decimal_text(-1), "-0.00000001"),
        (decimal_text(0), "0"),
        (decimal_text(None), ""),
        (time_text(NOON), "2026-01-02T12:00:00Z"),
        (time_text(NOON + 123_456), "2026-01-02T12:00:00.123456Z"),
        (time_text(NOON + 1), "2026-01-02T12:00:00.000001Z"),
        (plain_text(0.1), "0.1"),
        (plain_text(np.float64(0.1)), "0.1"),
        (plain_text(True), "true"),
        (plain_text(None), ""),
    ],
)
def test_how_results_are_written(written, text):
    assert written == text
