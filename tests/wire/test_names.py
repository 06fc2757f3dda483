"""Names and ids from outside: what is one, and that every way in asks."""

import msgspec
import orjson
import pytest

from schemas.catalog import catalog
from schemas.checks import LONGEST
from schemas.codec import decode, encode
from schemas.errors import MessageError
from schemas.kinds import KINDS, TickBatch, key_of, kind_of, topic_of
from schemas.market.tick_writer import tick_batch
from schemas.market.ticks import MarketReader
from schemas.messages import Bar, Clock, Command, Signal, Tick
from schemas.text.names import LONGEST_NAME
from schemas.text.numbers import TIME_END

NOON = 1_741_012_200_000_000
SYMBOLS = [
    "AAPL", "BTC/USDT", "BRK.B", "^GSPC", "EURUSD=X", "ES=F", "7203.T", "BTC-USD", "@ES", "$SPX", "/CL", "BRK B", "BTCUSDT_250627",
    "AAPL  260116C00150000", "BINANCE:BTCUSDT", "VOD LN Equity", "M&M.NS", "SMI@EUREX", "MÜV2", "币安人生USDT", "...", "-",
]  # fmt: skip
UNSEEN = [
    "", " ", ".", "..", " AAPL", "AAPL ", "\tAAPL", "AA\nPL", "AA\x00PL", "AA\x1b[2JPL", "AA\x7fPL", "AA\x9bPL", "AA\u202ePL", "AA\u2066PL",
    "AA\u200bPL", "AA\u00adPL", "\ufeffAAPL", "AAPL\u00a0", "AA\u2028PL", "AA\u3000PL", "AA\ue000PL", "AA\U000e0041PL",
]  # fmt: skip
ALLOWED = "expected 1 to .00 characters that can be seen, and no space at its ends$|key: found nothing, expected the symbol"
MESSAGES = [
    Signal(signal_id="a", source="s", symbol="A", side="long", ts=NOON),
    Command(
        command_id="a", account="a", kind="place", ts=NOON, symbol="A", order_id="o", plan_id="p", lot_id="l"
    ),
    Tick(symbol="A", ts=NOON, price=1),
    Bar(symbol="A", ts=NOON, open=1, high=1, low=1, close=1),
    Clock(feed="a", ts=NOON),
]
FROM_OUTSIDE = {
    KINDS[kind] for topic in catalog().topics.values() if topic.json for kind in topic.messages
} - {TickBatch}
"""A batch is written by us, of ticks that were looked at."""
FIELDS = [(message, field) for message in MESSAGES for field in LONGEST[type(message)]]
EVERY = pytest.mark.parametrize(
    ("message", "field"), FIELDS, ids=[f"{type(message).__name__}.{field}" for message, field in FIELDS]
)


def both(message):
    """The record as Avro and as JSON."""
    plain = {
        name: value for name, value in msgspec.structs.asdict(message).items() if value not in (None, {}, ())
    }
    return encode(message), orjson.dumps(plain | {"ts": message.ts})


def test_every_name_that_comes_in_is_looked_at():
    told = {
        (kind, field)
        for kind in FROM_OUTSIDE
        for field in kind.__struct_fields__
        if field.endswith("_id") or field in ("symbol", "source", "account", "feed")
    }
    assert told == {(kind, field) for kind in LONGEST for field in LONGEST[kind]}
    assert {type(message) for message in MESSAGES} == FROM_OUTSIDE


@pytest.mark.parametrize("message", MESSAGES, ids=kind_of)
def test_every_time_that_comes_in_is_looked_at(message):
    types = catalog().schemas.current(kind_of(message)).document["fields"]
    times = [field["name"] for field in types if "timestamp-micros" in str(field["type"])]
    assert times
    for field in times:
        late = msgspec.structs.replace(message, **{field: TIME_END})
        with pytest.raises(MessageError, match=f"^{field}: .*, before the year 10000"):
            decode(topic_of(late), key_of(late), encode(late))


@EVERY
@pytest.mark.parametrize("name", UNSEEN, ids=ascii)
def test_what_cannot_be_seen_is_refused_with_what_is_allowed(message, field, name):
    odd = msgspec.structs.replace(message, **{field: name})
    for value in both(odd):
        with pytest.raises(MessageError, match=ALLOWED) as caught:
            decode(topic_of(odd), key_of(odd), value)
        assert str(caught.value).startswith((f"{field}: found ", "key: found "))
        assert str(caught.value).isprintable()


@EVERY
def test_what_is_longer_than_allowed_is_refused(message, field):
    most = LONGEST[type(message)][field]
    longest, longer = (
        msgspec.structs.replace(message, **{field: "x" * length}) for length in (most, most + 1)
    )
    for value in both(longest):
        assert getattr(decode(topic_of(longest), key_of(longest), value), field) == "x" * most
    for value in both(longer):
        with pytest.raises(MessageError, match=f"found {most + 1} characters, expected 1 to {most}"):
            decode(topic_of(longer), key_of(longer), value)


@pytest.mark.parametrize("symbol", SYMBOLS)
def test_symbols_of_all_markets_are_symbols(symbol):
    for message in MESSAGES:
        if "symbol" in message.__struct_fields__:
            named = msgspec.structs.replace(message, symbol=symbol)
            for value in both(named):
                assert (
                    msgspec.structs.asdict(decode(topic_of(named), key_of(named), value))["symbol"] == symbol
                )


def test_a_market_is_read_without_the_records_that_name_no_symbol():
    """Also where all of a run are ticks, which are read at once; and where the symbol is the key of a batch."""
    tick = encode(MESSAGES[2])
    names = (*UNSEEN, "\ud800", "x" * (LONGEST_NAME + 1))
    odd = [name.encode("utf-8", "surrogatepass") for name in names]
    keys = [b"A", *odd, b"^GSPC"]
    read = MarketReader().read(keys, [tick] * len(keys))
    assert [read.columns.names[symbol] for symbol in read.columns.symbol] == ["A", "^GSPC"]
    assert [at for at, _ in read.faults] == list(range(1, len(keys) - 1))
    batch = encode(tick_batch(MarketReader().read([b"A"], [tick]).columns))
    assert len(MarketReader().read(odd, [batch] * len(odd)).faults) == len(odd)
