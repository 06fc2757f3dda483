"""The inbox and the barriers go to bytes and back."""

import pytest

from schemas.errors import MessageError
from schemas.messages import Command, Signal
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

SIGNAL = Signal(signal_id="a", source="s", symbol="AAPL", side="long", ts=5, tags=("x",), features={"m": 1.5})
COMMAND = Command(command_id="c", account="a", kind="pause", ts=6)


@pytest.mark.parametrize("message", [SIGNAL, COMMAND])
def test_an_entry_holds_its_message_and_its_source(message):
    entry = decode_entry(encode_entry(inbox_entry(message, "signals", 3, 99)))
    assert entry.message() == message
    assert (entry.ts, entry.topic, entry.partition, entry.offset) == (message.ts, "signals", 3, 99)


@pytest.mark.parametrize(
    "record",
    [
        Takeover("nonce", "1.0"),
        Barrier(4, 17, (Step(8, {"ticks": 5}), Step(9, {"ticks": 6})), {"ticks": 9}, checkpoint=True),
        Barrier(4, 18, (), {"ticks": 9, "ticks.crypto": 2**40}),
    ],
)
def test_a_record_of_the_barriers_comes_back(record):
    assert decode_barrier(encode_barrier(record)) == record


def test_a_barrier_is_small():
    assert len(encode_barrier(Barrier(4, 17, (Step(8, {"ticks": 5}),), {"ticks": 9}))) < 40


@pytest.mark.parametrize("value", [None, b"", b"\x90", b"\x93\x01\x02\x03", b"no message"])
def test_what_is_none_of_ours_is_an_error(value):
    with pytest.raises(MessageError, match=r"^value: found"):
        decode_entry(value)
    with pytest.raises(MessageError, match=r"^value: found"):
        decode_barrier(value)
