"""Damaged messages: each is a message or a MessageError, never another exception. Seeded, so that it repeats."""

import random
from contextlib import suppress
from typing import Any

import orjson
import pytest

from schemas.catalog import catalog
from schemas.codec import Codec
from schemas.errors import MessageError
from schemas.kinds import KINDS, key_of, topic_of
from schemas.market.ticks import MarketReader
from schemas.messages import Message, Signal
from schemas.private import (
    Barrier,
    Step,
    Takeover,
    decode_barrier,
    decode_entry,
    encode_barrier,
    encode_entry,
    inbox_entry,
)
from schemas.wire.avro_schemas import HEADER_SIZE

COUNT = 10_000
CODEC = Codec()
STRANGE: list[Any] = [None, True, -1, 0, 1e300, -0.0, 2**63, 2**64 - 1, "", "x", "-1", "NaN", "1e999", [], {}]
STRANGE += [[[]], {"a": {"b": 1}}, "9" * 5000, "\x00", 1e-9, "2025-02-30", "\u00e9" * 40, [1, "a", None]]


def examples(kind: str) -> list[Message]:
    return [
        CODEC.read_json(kind, dict(example.value))
        for topic in catalog().topics.values()
        for example in topic.examples
        if example.message == kind
    ]


def damaged(value: bytes, chance: random.Random) -> bytes:
    """Flipped bits, lost bytes, new bytes, doubled pieces."""
    octets = bytearray(value)
    for _ in range(chance.choice((1, 1, 2, 5))):
        at = chance.randrange(len(octets) + 1)
        match chance.randrange(5):
            case 0 if at < len(octets):
                octets[at] ^= 1 << chance.randrange(8)
            case 1:
                del octets[at:]
            case 2:
                octets[at:at] = chance.randbytes(chance.choice((1, 4, 12)))
            case 3:
                octets[at : at + chance.randrange(12)] = b""
            case _:
                octets[at:at] = octets[at : at + chance.randrange(20)]
    return bytes(octets)


def changed(document: dict[str, Any], chance: random.Random) -> dict[str, Any]:
    """Fields of another type, lost fields, swapped values, new names."""
    found = dict(document)
    for _ in range(chance.choice((1, 1, 2, 4))):
        if not found:
            break
        name = chance.choice(list(found))
        match chance.randrange(4):
            case 0:
                del found[name]
            case 1:
                found[name] = found[chance.choice(list(found))]
            case 2:
                found[chance.choice(["t", "o", "feed", "qty", "extra", "price", name.upper()])] = found.pop(
                    name
                )
            case _:
                found[name] = chance.choice(STRANGE)
    return found


def must_be_read_or_refused(topic: str, key: bytes | None, value: bytes | None) -> bool:
    try:
        message = CODEC.decode(topic, key, value)
    except MessageError as error:
        said = error
    else:
        assert type(message) in KINDS.values()
        return True
    assert said.field and len(str(said)) < 1000
    return False


@pytest.mark.parametrize("kind", KINDS)
def test_damaged_avro(kind):
    chance = random.Random(kind)
    sources = [(topic_of(each), key_of(each), CODEC.encode(each)) for each in examples(kind)]
    read = 0
    for _ in range(COUNT):
        topic, key, value = chance.choice(sources)
        whole = chance.choice((0, HEADER_SIZE))
        read += must_be_read_or_refused(topic, key, value[:whole] + damaged(value[whole:], chance))
    assert 0 < read < COUNT


@pytest.mark.parametrize("kind", ["signal", "command", "tick", "bar", "clock"])
def test_damaged_json(kind):
    chance = random.Random(kind)
    sources = [(topic_of(each), CODEC.write_json(each)) for each in examples(kind)]
    read = 0
    for number in range(COUNT):
        topic, document = chance.choice(sources)
        value = orjson.dumps(changed(document, chance))
        if number % 4 == 0:
            value = damaged(value, chance)
        read += must_be_read_or_refused(topic, chance.choice((b"KEY", None)), value)
    assert 0 < read < COUNT


@pytest.mark.parametrize("start", [b"", b"\x00", b"\xc3\x01", b"{", b" {"])
def test_noise(start):
    chance = random.Random(7)
    for _ in range(2_000):
        topic = chance.choice(list(catalog().topics))
        must_be_read_or_refused(topic, chance.randbytes(2), start + chance.randbytes(chance.randrange(40)))


def test_a_damaged_market_loses_only_what_is_damaged():
    chance = random.Random(3)
    good = [
        (key_of(each), CODEC.encode(each)) for kind in ("tick", "bar", "clock") for each in examples(kind)
    ]
    reader = MarketReader()
    for _ in range(500):
        records = [chance.choice(good) for _ in range(10)]
        hit = chance.randrange(10)
        records[hit] = (records[hit][0], damaged(records[hit][1], chance))
        found = reader.read(*zip(*records, strict=True))
        assert {at for at, _ in found.faults} <= {hit}
        assert set(found.record.tolist()) | {hit} == set(range(10))


def test_damaged_private_messages():
    chance = random.Random(5)
    signal = examples("signal")[1]
    assert isinstance(signal, Signal)
    entry = encode_entry(inbox_entry(signal, "signals", 3, 99))
    barrier = encode_barrier(Barrier(4, 17, (Step(8, {"ticks": 5}),), {"ticks": 9, "ticks.crypto": 1}))
    takeover = encode_barrier(Takeover("abc", "1.0"))
    for _ in range(COUNT // 2):
        with suppress(MessageError):
            decode_entry(damaged(entry, chance)).message()
        with suppress(MessageError):
            decode_barrier(damaged(chance.choice((barrier, takeover)), chance))
