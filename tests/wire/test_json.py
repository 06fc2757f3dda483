"""What JSON is accepted, and what is said of JSON that is not."""

import msgspec
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.codec import decode, encode
from schemas.errors import MessageError
from schemas.messages import Bar, Clock, Command, Signal, Tick
from schemas.text import numbers

TS = 1_741_012_200_000_000


def json(topic, key=None, **fields):
    return decode(topic, key, orjson.dumps(fields))


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        ("0.1", 10_000_000),
        (0.1, 10_000_000),
        ("123.45678901", 12_345_678_901),
        (123.45678901, 12_345_678_901),
        (1, 100_000_000),
        ("1e-8", 1),
        (1e-8, 1),
        ("-0", 0),
        (".5", 50_000_000),
        ("5.", 500_000_000),
        ("+1.500000000000", 150_000_000),
        ("92233720368.54775807", 2**63 - 1),
        ("-92233720368.54775808", -(2**63)),
        (64123.45, 6_412_345_000_000),
        (9_999_999.99999999, 999_999_999_999_999),
    ],
)
def test_a_decimal_is_exact(sent, expected):
    assert numbers.decimal("price", sent) == expected


@pytest.mark.parametrize(
    "sent",
    [
        "0.000000001",
        1e-9,
        "92233720368.54775808",
        1e11,
        10**11,
        "1e999",
        "NaN",
        "Infinity",
        "1_000",
        " 1",
        "１",
        "",
        ".",
        "-",
        "1,5",
        "0x1",
        True,
        None,
        [],
        {},
        "1" * 100,
        float("nan"),
        float("inf"),
        "1e9999",
    ],
)
def test_what_is_no_decimal_of_eight_places_is_an_error(sent):
    with pytest.raises(MessageError, match=r"^price: found .*, expected a decimal"):
        numbers.decimal("price", sent)


@given(st.integers(-(10**15) + 1, 10**15 - 1))
def test_a_json_number_of_fifteen_digits_is_exact(value):
    text = numbers.decimal_text(value)
    assert numbers.decimal("price", orjson.loads(text)) == value
    assert numbers.decimal("price", text) == value


@given(st.floats(min_value=-9e10, max_value=9e10))
def test_a_json_number_is_what_its_shortest_text_says(value):
    try:
        by_text = numbers.decimal("price", repr(value))
    except MessageError:
        by_text = None
    try:
        by_value = numbers.decimal("price", value)
    except MessageError:
        by_value = None
    assert by_value == by_text


@pytest.mark.parametrize(
    "sent",
    [
        "2025-03-03T14:30:00Z",
        "2025-03-03T14:30:00",
        "2025-03-03 15:30:00+01:00",
        "2025-03-03T14:30:00.000000999Z",
        "20250303T143000Z",
        TS // 10**6,
        TS // 10**3,
        TS,
        TS * 1000 + 999,
        1741012200.0,
        "1741012200",
        "1741012200000",
    ],
)
def test_a_time_is_iso_or_an_epoch_in_any_unit(sent):
    assert numbers.time("ts", sent) == TS


@pytest.mark.parametrize(
    "sent",
    [
        -1,
        "1969-12-31",
        "now",
        "",
        True,
        None,
        [],
        2**63 * 100,
        float("nan"),
        "12345678901234567890123",
        "9" * 99,
        "0001-01-01T00:00:00+14:00",
        "2025-13-01",
        1e300,
        -1e-9,
    ],
)
def test_what_is_no_time_is_an_error(sent):
    with pytest.raises(MessageError, match=r"^ts: found .*, expected an ISO time or an epoch"):
        numbers.time("ts", sent)


def test_a_fraction_of_a_second_is_kept():
    assert numbers.time("ts", 1741012200.123456) == TS + 123_456


def test_a_signal_with_everything_that_is_lenient():
    signal = json(
        "signals",
        signal_id="a",
        source="s",
        symbol="AAPL",
        side="BUY",
        timestamp=TS // 1000,
        price=238.61,
        quantity="1.5",
        features={"momentum": 1, "gone": None, "text": "2.5"},
        tags=["x"],
        note=None,
        chart={"id": 7},
    )
    assert signal == Signal(
        signal_id="a",
        source="s",
        symbol="AAPL",
        side="long",
        ts=TS,
        price=23_861_000_000,
        quantity=150_000_000,
        features={"momentum": 1.0, "text": 2.5},
        tags=("x",),
        extra={"chart": '{"id":7}'},
    )


def test_a_signal_without_an_id_has_the_one_that_a_repeat_has():
    sent: dict[str, object] = {"source": "s", "symbol": "A", "side": "sell", "ts": "2025-03-03T14:30:00Z"}
    found = [json("signals", **sent), json("signals", **sent | {"ts": TS, "side": -1, "note": "again"})]
    assert {signal.signal_id for signal in found} == {"s-A-2025-03-03T14:30:00Z-short"}
    others = [
        sent | {name: value}
        for name, value in (("symbol", "B"), ("side", 1), ("ts", TS + 1), ("source", "t"))
    ]
    assert len({json("signals", **each).signal_id for each in others}) == 4


ARRIVED = TS + 7_000


@pytest.mark.parametrize("none", [{}, {"ts": None}, {"time": None, "timestamp": None}])
def test_a_wish_without_a_time_is_of_when_kafka_had_it(none):
    sent = {"source": "s", "symbol": "A", "side": "long", **none}
    value = orjson.dumps(sent)
    asked: list[Signal] = []

    def yesterday(signal):
        asked.append(signal)
        return signal.ts - 86_400_000_000

    found = decode("signals", None, value, ARRIVED)
    at_the_gate = decode("signals", None, value, ARRIVED, yesterday)
    assert isinstance(found, Signal) and isinstance(at_the_gate, Signal)
    assert (found.ts, found.signal_id) == (ARRIVED, "s-A-2025-03-03T14:30:00.007000Z-long")
    assert asked == [found]
    assert (at_the_gate.ts, at_the_gate.signal_id) == (ARRIVED - 86_400_000_000, found.signal_id)
    command = orjson.dumps({"command_id": "c", "account": "a", "kind": "pause", **none})
    assert decode("commands", None, command, ARRIVED) == Command(
        command_id="c", account="a", kind="pause", ts=ARRIVED
    )


def test_only_a_wish_that_names_no_time_gets_one():
    def never(message):
        raise AssertionError(message)

    for name in ("ts", "time", "timestamp"):
        value = orjson.dumps({"source": "s", "symbol": "A", "side": "long", name: TS})
        found = decode("signals", None, value, ARRIVED, never)
        assert isinstance(found, Signal) and found.ts == TS
    for topic, arrived in (("ticks", ARRIVED), ("signals", None), ("signals", -1000)):
        with pytest.raises(MessageError, match="ts: found nothing"):
            decode(topic, b"A", b'{"price": 1, "source": "s", "symbol": "A", "side": "long"}', arrived)


def test_a_signal_in_avro_says_with_0_that_it_names_no_time():
    signal = Signal(signal_id="mine", source="s", symbol="A", side="long", ts=0)
    value = encode(signal)
    assert decode("signals", None, value) == signal
    assert decode("signals", None, value, ARRIVED) == msgspec.structs.replace(signal, ts=ARRIVED)
    at_the_gate = decode("signals", None, value, ARRIVED, lambda come: come.ts - 5)
    assert at_the_gate == msgspec.structs.replace(signal, ts=ARRIVED - 5)
    pause = Command(command_id="c", account="a", kind="pause", ts=0)
    assert decode("commands", None, encode(pause), ARRIVED) == pause, "of any time"


def test_a_commands_settings_may_be_an_object():
    command = json("commands", command_id="c", account="a", kind="create", ts=TS, settings={"balance": "1"})
    assert command == Command(command_id="c", account="a", kind="create", ts=TS, settings='{"balance":"1"}')


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"symbol": "A", "ts": TS, "price": 1}, Tick(symbol="A", ts=TS, price=10**8)),
        ({"time": TS, "last": "1", "qty": 2}, Tick(symbol="KEY", ts=TS, price=10**8, size=2 * 10**8)),
        ({"t": TS, "bid": 1, "ask": 2}, Tick(symbol="KEY", ts=TS, bid=10**8, ask=2 * 10**8)),
        ({"t": TS, "price": 0, "volume": 0}, Tick(symbol="KEY", ts=TS, price=0, size=0)),
        ({"t": TS, "price": 1, "feed": "f"}, Tick(symbol="KEY", ts=TS, price=10**8, extra={"feed": '"f"'})),
        (
            {"t": TS, "o": 1, "h": 3, "l": 1, "c": 2, "v": 5, "interval": "1m"},
            Bar(
                symbol="KEY",
                ts=TS,
                open=10**8,
                high=3 * 10**8,
                low=10**8,
                close=2 * 10**8,
                volume=5 * 10**8,
                interval=60_000_000,
            ),
        ),
        ({"feed": "binance", "ts": TS}, Clock(feed="binance", ts=TS)),
    ],
)
def test_a_market_record_shows_by_its_fields(fields, expected):
    assert json("ticks", b"KEY", **fields) == expected


GOOD = {"signal_id": "a", "source": "s", "symbol": "A", "side": "long", "ts": TS}


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        (
            {"signal_id": ""},
            "signal_id: found '', expected 1 to 200 characters that can be seen, and no space at its ends",
        ),
        ({"signal_id": 7}, "signal_id: found 7, expected text"),
        (
            {"side": "up"},
            "side: found 'up', expected one of long, short, flat, buy, sell, close, exit, 1, -1, 0",
        ),
        ({"quantity": -1}, "quantity: found -1, expected more than 0"),
        ({"price": "0"}, "price: found 0, expected more than 0"),
        ({"price": "1.123456789"}, "price: found '1.123456789', expected a decimal of at most 8 places"),
        ({"tags": "x"}, "tags: found 'x', expected a list of texts"),
        ({"tags": [1]}, "tags.0: found 1, expected text"),
        ({"features": {"m": "x"}}, "features.m: found 'x', expected a finite number"),
        ({"features": {"m": True}}, "features.m: found True, expected a finite number"),
        ({"confidence": "high"}, "confidence: found 'high', expected a finite number"),
    ],
)
def test_an_error_names_the_field_what_was_found_and_what_was_expected(changed, said):
    with pytest.raises(MessageError) as caught:
        json("signals", **(GOOD | changed))
    assert str(caught.value) == said


@pytest.mark.parametrize(
    ("topic", "key", "value", "said"),
    [
        ("ticks", None, b'{"ts":1,"price":1}', "key: found nothing, expected the symbol"),
        ("ticks", b"\xff", b'{"ts":1,"price":1}', r"key: found b'\xff', expected the symbol as UTF-8"),
        ("ticks", b"A", b'{"ts":1}', "price: found nothing, expected a price, or a bid and an ask"),
        ("ticks", b"A", b'{"ts":1,"price":1,"size":-1}', "size: found -1, expected 0 or more"),
        ("ticks", b"A", None, "value: found nothing, expected a message"),
        ("fills", b"A", b"{}", "value: found b'{}', expected Avro"),
        ("nowhere", b"A", b"{}", "topic: found 'nowhere', expected one of "),
        ("inbox", b"A", b"{}", "topic: found 'inbox', expected a public topic"),
        ("signals", None, b"[1]", "value: found b'[1]', expected Avro or a JSON object"),
    ],
)
def test_errors_of_the_record(topic, key, value, said):
    with pytest.raises(MessageError) as caught:
        decode(topic, key, value)
    assert str(caught.value).startswith(said)


def test_json_too_deep_to_keep_is_an_error():
    deep = b'{"symbol":"A","ts":1,"price":1,"x":' + b"[" * 900 + b"]" * 900 + b"}"
    with pytest.raises(MessageError):
        decode("ticks", None, deep)


def test_duration_words():
    assert [numbers.duration("interval", text) for text in ("30s", "5m", "1h", "1d", 7)] == [
        30_000_000,
        300_000_000,
        3_600_000_000,
        86_400_000_000,
        7,
    ]
    with pytest.raises(MessageError, match="interval: found '5 minutes'"):
        numbers.duration("interval", "5 minutes")
