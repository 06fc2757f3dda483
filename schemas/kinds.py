"""The kinds of public messages: each one's name in files, its type, its topic and its record key.

Rules of this file: a kind's name is its schema's file name; the key decides the order in which Kafka keeps
messages, so what belongs to one account or one symbol has one key, except where compaction needs an id in it.
"""

from typing import NamedTuple

from schemas.messages import (
    Alert,
    Bar,
    Clock,
    Command,
    DeadLetter,
    Decision,
    Equity,
    Fill,
    Message,
    Order,
    Position,
    Signal,
    SliceTimer,
    Tick,
    Trade,
)


class TickBatch(Message):
    """A run of ticks of one symbol: little-endian int64, one a tick in each field."""

    symbol: str
    ts: bytes
    price: bytes
    size: bytes
    bid: bytes
    ask: bytes

    def __len__(self) -> int:
        return len(self.ts) // 8


class Kind(NamedTuple):
    """What is said once of a kind."""

    name: str
    message: type[Message]
    topic: str
    """Where we publish it."""
    key: str = "account"
    """The field that is the record's key."""
    id: str | None = None
    """Where its topic is compacted: the field that stands behind the key."""


_KINDS = (
    Kind("signal", Signal, "signals", "symbol"),
    Kind("command", Command, "commands"),
    Kind("tick", Tick, "ticks", "symbol"),
    Kind("tick-batch", TickBatch, "ticks", "symbol"),
    Kind("bar", Bar, "bars", "symbol"),
    Kind("clock", Clock, "ticks", "feed"),
    Kind("decision", Decision, "decisions"),
    Kind("slice-timer", SliceTimer, "slice-timers", id="slice_id"),
    Kind("order", Order, "orders"),
    Kind("fill", Fill, "fills"),
    Kind("trade", Trade, "trades"),
    Kind("position", Position, "positions", id="position_id"),
    Kind("equity", Equity, "equity"),
    Kind("alert", Alert, "alerts"),
    Kind("dead-letter", DeadLetter, "dead-letters", "topic"),
)
_BY_TYPE = {kind.message: kind for kind in _KINDS}

KINDS: dict[str, type[Message]] = {kind.name: kind.message for kind in _KINDS}

KEYED_BY_RECORD = frozenset({"tick", "tick-batch"})
"""Their symbol is the record's key and nowhere else."""


def kind_of(message: Message) -> str:
    return _BY_TYPE[type(message)].name


def topic_of(message: Message) -> str:
    """Where we publish it. (A bar of a bar-only market goes to that market's `ticks` instead.)"""
    return _BY_TYPE[type(message)].topic


def key_of(message: Message) -> bytes:
    """The record's key."""
    kind = _BY_TYPE[type(message)]
    key: str = getattr(message, kind.key)
    return (f"{key}/{getattr(message, kind.id)}" if kind.id else key).encode()
