"""A market's records to columns: by numpy what fastavro reads, whatever is in between."""

import io

import fastavro
import numpy as np
import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.catalog import catalog
from schemas.codec import encode
from schemas.columns import BAR, CLOCK, TICK, Columns
from schemas.errors import MessageError
from schemas.kinds import key_of
from schemas.market.tick_writer import tick_batch, write_ticks
from schemas.market.ticks import MarketReader
from schemas.messages import Bar, Clock, Tick
from schemas.wire.tick_record import tick_records
from schemas.wire.varints import LongRecords

LIMIT = 2**63
SCHEMA = catalog().schemas.current("tick")
RECORDS = tick_records(SCHEMA)
EDGES = [
    *(0, 1, -1, LIMIT - 1, -LIMIT),
    *(sign * (1 << bits) + near for bits in range(1, 63) for near in (-1, 0, 1) for sign in (1, -1)),
]
ANY_LONG = st.integers(-LIMIT, LIMIT - 1) | st.sampled_from(EDGES)


def record(longs):
    target = io.BytesIO()
    fields = dict(zip(("ts", "price", "size", "bid", "ask"), longs, strict=True))
    fastavro.schemaless_writer(target, SCHEMA.parsed, fields)
    return SCHEMA.header + target.getvalue()


def columns_of(rows, names=("A",)):
    table = np.array(rows, np.int64).reshape(-1, 5).T
    return Columns(list(names), np.zeros(len(rows), np.int32), *table)


@settings(deadline=None, max_examples=200)
@given(st.lists(st.tuples(*[ANY_LONG] * 5), min_size=1, max_size=30))
def test_numpy_reads_and_writes_what_fastavro_does(rows):
    values = [record(row) for row in rows]
    found = RECORDS.read(values)
    assert found is not None
    assert found.T.tolist() == [list(row) for row in rows]
    assert write_ticks(columns_of(rows)) == ([b"A"] * len(rows), values)


@pytest.mark.parametrize("value", EDGES)
def test_every_length_of_a_long(value):
    found = RECORDS.read([record([value] * 5), record([-1, 0, 1, value, value])])
    assert found is not None
    assert found.T.tolist() == [[value] * 5, [-1, 0, 1, value, value]]


@pytest.mark.parametrize("last", [0x01, 0x7F, 0x80, 0xFF])
def test_a_fingerprint_with_any_last_byte(last):
    header = b"\xc3\x01" + bytes([0x85, 0x05, 0xFF, 0x00, 0x80, 0x7F, 0x90, last])
    reader = LongRecords(header, 2)
    found = reader.read([header + bytes([2, 3]), header + bytes([0x80, 0x01, 4])])
    assert found is not None
    assert found.T.tolist() == [[1, -2], [64, 2]]


GOOD = record([1_000_000, 2, 3, 4, 5])
NOT_TICKS = {
    "empty": b"",
    "header only": SCHEMA.header,
    "a long too few": GOOD[:-1],
    "a long too many": GOOD + b"\x00",
    "unfinished": GOOD[:-1] + b"\x80",
    "another fingerprint": GOOD[:9] + bytes([GOOD[9] ^ 1]) + GOOD[10:],
    "eleven bytes of a long": SCHEMA.header + b"\x80" * 10 + b"\x00" + b"\x02" * 4,
    "more than 64 bits": SCHEMA.header + b"\xff" * 9 + b"\x02" + b"\x02" * 4,
    "two at once": GOOD + GOOD,
    "size below -1": record([1, 2, -2, 4, 5]),
    "a negative time": record([-1, 2, 3, 4, 5]),
    "nanoseconds": record([1_741_012_200_000_000_000, 2, 3, 4, 5]),
}


@pytest.mark.parametrize("bad", NOT_TICKS.values(), ids=NOT_TICKS)
@pytest.mark.parametrize("at", [0, 1, 2])
def test_a_bad_record_is_a_fault_and_its_neighbours_are_rows(bad, at):
    values = [GOOD, GOOD]
    values.insert(at, bad)
    found = MarketReader().read([b"A"] * 3, values)
    assert [place for place, _ in found.faults] == [at]
    assert isinstance(found.faults[0][1], MessageError)
    assert found.record.tolist() == [place for place in range(3) if place != at]
    assert found.columns.ts.tolist() == [1_000_000] * 2


def test_bytes_that_move_between_records_are_two_faults():
    """Together they have the right number of longs."""
    found = MarketReader().read([b"A"] * 3, [GOOD + GOOD[:12], GOOD[12:], GOOD])
    assert [place for place, _ in found.faults] == [0, 1]
    assert found.record.tolist() == [2]


@pytest.mark.parametrize("key", [None, b"", b"\xff"])
def test_a_tick_without_a_symbol_is_a_fault(key):
    found = MarketReader().read([b"A", key], [GOOD, GOOD])
    assert [(place, error.field) for place, error in found.faults] == [(1, "key")]
    assert len(found.columns) == 1


def test_a_market_of_everything():
    two = columns_of([[7, 70, -1, 0, 0], [8, 80, -1, 0, 0]], ["B"])
    bar = Bar(symbol="A", ts=9, open=1, high=4, low=1, close=3, interval=60)
    records = [
        (b"A", encode(Tick(symbol="A", ts=5, price=50, size=2, bid=49, ask=51))),
        (b"B", encode(tick_batch(two))),
        (b"A", encode(bar)),
        (b"A", b"no message"),
        (b"feed", encode(Clock(feed="feed", ts=10))),
        (None, orjson.dumps({"symbol": "C", "ts": 11, "price": 0})),
        (b"C", orjson.dumps({"ts": 12, "bid": "1", "ask": 2, "price": None})),
        (b"A", None),
    ]
    found = MarketReader().read(*zip(*records, strict=True))
    columns = found.columns
    assert found.record.tolist() == [0, 1, 1, 2, 4, 5, 6]
    assert [place for place, _ in found.faults] == [3, 7]
    assert [columns.names[number] for number in columns.symbol] == ["A", "B", "B", "A", "feed", "C", "C"]
    assert columns.ts.tolist() == [5, 7, 8, 9, 10, 11_000_000, 12_000_000]
    assert columns.price.tolist() == [50, 70, 80, 3, 0, -1, 0]
    assert columns.size.tolist() == [2, -1, -1, -1, -1, -1, -1]
    assert columns.bid.tolist() == [49, 0, 0, 0, 0, 0, 100_000_000]
    assert columns.kind is not None
    assert columns.kind.tolist() == [TICK, TICK, TICK, BAR, CLOCK, TICK, TICK]
    for column, expected in ((columns.open, 1), (columns.high, 4), (columns.low, 1), (columns.interval, 60)):
        assert column is not None
        assert column[3] == expected


def test_no_records_are_no_rows():
    found = MarketReader().read([], [])
    assert len(found.columns) == 0
    assert not found.faults


def test_numbers_of_symbols_stay():
    reader = MarketReader()
    first = reader.read([b"A", b"B"], [GOOD, GOOD]).columns
    second = reader.read([b"B", b"C"], [GOOD, GOOD]).columns
    assert (first.symbol.tolist(), second.symbol.tolist()) == ([0, 1], [1, 2])
    assert first.names is second.names


@settings(deadline=None, max_examples=100)
@given(st.lists(st.sampled_from([GOOD, *NOT_TICKS.values(), b'{"ts":1,"price":1}']), max_size=12))
def test_a_mixed_batch_reads_like_its_records_one_by_one(values):
    together = MarketReader().read([b"A"] * len(values), values)
    alone = [MarketReader().read([b"A"], [value]) for value in values]
    assert together.columns.ts.tolist() == [ts for each in alone for ts in each.columns.ts.tolist()]
    assert [str(error) for _, error in together.faults] == [
        str(error) for each in alone for _, error in each.faults
    ]


def test_a_tick_batch_holds_one_symbol():
    mixed = columns_of([[1, 2, 3, 4, 5]] * 2, ["A", "B"])
    mixed.symbol[1] = 1
    with pytest.raises(ValueError, match="one symbol"):
        tick_batch(mixed)


def test_a_ticks_key_is_its_symbol():
    assert key_of(Tick(symbol="Ä", ts=1)) == "Ä".encode()
