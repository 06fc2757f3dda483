"""What Ghostfill says to itself: a shard's inbox and its barriers, in msgpack.

Rules of this file:
- Nobody else reads or writes these. Structs are arrays on the wire: a new field goes last and has a default.
- A market position is the number of records of each market that were applied: {market topic: next offset}.
"""

from typing import Literal, TypeVar

import msgspec

from schemas.errors import NOTHING, MessageError, shorten
from schemas.kinds import kind_of
from schemas.messages import Command, Input, Signal

MarketPosition = dict[str, int]


class Private(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=False):
    """Base of what is only ours."""


class InboxEntry(Private, frozen=True):
    """What reached a shard, and where it came from: a repeat has the same source."""

    kind: Literal["signal", "command"]
    ts: int
    topic: str
    partition: int
    offset: int
    payload: msgspec.Raw
    """The message itself, in msgpack."""

    def message(self) -> Input:
        """The signal or the command."""
        try:
            return _signal.decode(self.payload) if self.kind == "signal" else _command.decode(self.payload)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise MessageError("payload", shorten(bytes(self.payload)), f"a {self.kind}: {error}") from error


class Step(Private, frozen=True):
    """The inbox before `inbox` was admitted while the owner stood at `market`."""

    inbox: int
    market: MarketPosition
    newest: dict[str, int] = {}
    """The newest event time of each market of which more had come than the owner had passed."""


class Takeover(Private, frozen=True, tag="takeover"):
    """A worker takes the shard over; this record's offset is its epoch."""

    nonce: str
    engine: str
    """The engine's version."""


class Barrier(Private, frozen=True, tag="barrier"):
    """How far the owner of an epoch has come."""

    epoch: int
    number: int
    """Counts the shard's valid barriers."""
    steps: tuple[Step, ...]
    market: MarketPosition
    checkpoint: bool = False
    """Whether a checkpoint is taken here."""


_Wanted = TypeVar("_Wanted")

_signal = msgspec.msgpack.Decoder(Signal)
_command = msgspec.msgpack.Decoder(Command)
_entry = msgspec.msgpack.Decoder(InboxEntry)
_barrier: "msgspec.msgpack.Decoder[Takeover | Barrier]" = msgspec.msgpack.Decoder(Takeover | Barrier)
_encode = msgspec.msgpack.Encoder().encode


def inbox_entry(message: Input, topic: str, partition: int, offset: int) -> InboxEntry:
    """The entry of a message that was read at this place."""
    kind: Literal["signal", "command"] = "signal" if kind_of(message) == "signal" else "command"
    return InboxEntry(kind, message.ts, topic, partition, offset, msgspec.Raw(_encode(message)))


def encode_entry(entry: InboxEntry) -> bytes:
    return _encode(entry)


def decode_entry(value: bytes | None) -> InboxEntry:
    return _decode(_entry, value, "an inbox entry")


def encode_barrier(record: Takeover | Barrier) -> bytes:
    return _encode(record)


def decode_barrier(value: bytes | None) -> Takeover | Barrier:
    return _decode(_barrier, value, "a takeover or a barrier")


def _decode(decoder: "msgspec.msgpack.Decoder[_Wanted]", value: bytes | None, expected: str) -> _Wanted:
    if not value:
        raise MessageError("value", NOTHING, expected)
    try:
        found: _Wanted = decoder.decode(value)
        return found
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise MessageError("value", f"{shorten(value)}: {error}", expected) from error
