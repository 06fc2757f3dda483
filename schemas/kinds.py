"""The kinds of public messages: each one's name in files, its type, its topic and its record key.

Rules of this file: a kind's name is its schema's file name; the key decides the order in which Kafka keeps
messages, so what belongs to one account or one symbol has one key, except where compaction needs an id in it.
"""

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


KINDS: dict[str, type[Message]] = {
    "signal": Signal,
    "command": Command,
    "tick": Tick,
    "tick-batch": TickBatch,
    "bar": Bar,
    "clock": Clock,
    "decision": Decision,
    "slice-timer": SliceTimer,
    "order": Order,
    "fill": Fill,
    "trade": Trade,
    "position": Position,
    "equity": Equity,
    "alert": Alert,
    "dead-letter": DeadLetter,
}

NAMES: dict[type[Message], str] = {kind: name for name, kind in KINDS.items()}

KEYED_BY_RECORD = frozenset({"tick", "tick-batch"})
"""Their symbol is the record's key and nowhere else."""

_TOPICS = {
    "signal": "signals",
    "command": "commands",
    "tick": "ticks",
    "tick-batch": "ticks",
    "bar": "bars",
    "clock": "ticks",
    "decision": "decisions",
    "slice-timer": "slice-timers",
    "order": "orders",
    "fill": "fills",
    "trade": "trades",
    "position": "positions",
    "equity": "equity",
    "alert": "alerts",
    "dead-letter": "dead-letters",
}

_KEYED_BY: dict[type[Message], str] = {
    **dict.fromkeys((Signal, Tick, TickBatch, Bar), "symbol"),
    Clock: "feed",
    DeadLetter: "topic",
}
"""All others belong to an account."""
_COMPACTED_BY: dict[type[Message], str] = {Position: "position_id", SliceTimer: "slice_id"}


def kind_of(message: Message) -> str:
    return NAMES[type(message)]


def topic_of(message: Message) -> str:
    """Where we publish it. (A bar of a bar-only market goes to that market's `ticks` instead.)"""
    return _TOPICS[kind_of(message)]


def key_of(message: Message) -> bytes:
    """The record's key."""
    kind = type(message)
    key: str = getattr(message, _KEYED_BY.get(kind, "account"))
    name = _COMPACTED_BY.get(kind)
    return (f"{key}/{getattr(message, name)}" if name else key).encode()
