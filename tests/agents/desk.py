"""A desk without Kafka: worlds as records and inbox entries, and a store that keeps rows by key."""

from collections.abc import Iterable, Sequence

from schemas.codec import encode
from schemas.kinds import key_of
from schemas.messages import Command, Input, MarketRecord, Signal
from schemas.private import InboxEntry, inbox_entry
from streams.agents.machine import DeskMachine
from streams.agents.market_decoder import MarketDecoder, MarketRun
from streams.agents.names import TABLES
from streams.engine.model.units import MILLISECOND, SECOND
from streams.transport.contract.machine import Pending, Raw, Record, Row

FAR = 10**7 * SECOND
"""The broker's clock of a world: so late that no record is ahead of it."""


class Store:
    """Tables as their compacted logs keep them."""

    def __init__(self) -> None:
        self.header = b""
        self.tables: dict[str, dict[bytes, bytes]] = {name: {} for name in TABLES}

    def keep(self, machine: DeskMachine) -> list[Row]:
        rows, self.header = machine.changed(), machine.header()
        for row in rows:
            if row.value is None:
                del self.tables[row.table][row.key]
            else:
                self.tables[row.table][row.key] = row.value
        return rows

    def restored(
        self, machine: DeskMachine, entries: Sequence[InboxEntry], pending: Iterable[int]
    ) -> DeskMachine:
        machine.restore(self.header, self.tables, [Pending(offset, entries[offset]) for offset in pending])
        return machine


def raws_of(records: Sequence[MarketRecord], first: int = 0, stamp: int | None = None) -> list[Raw]:
    """Records as they are read; the broker took each in at `stamp`, in microseconds."""
    return [
        Raw(
            first + at,
            (record.ts + FAR if stamp is None else stamp) // MILLISECOND,
            key_of(record),
            encode(record),
        )
        for at, record in enumerate(records)
    ]


def run_of(records: Sequence[MarketRecord], topic: str = "ticks", first: int = 0) -> MarketRun:
    return MarketDecoder().decode(topic, raws_of(records, first))


def entry_of(message: Input, offset: int) -> InboxEntry:
    return inbox_entry(message, "signals" if isinstance(message, Signal) else "commands", 0, offset)


def entries_of(messages: Sequence[Signal | Command]) -> list[InboxEntry]:
    return [entry_of(message, offset) for offset, message in enumerate(messages)]


def drive(
    machine: DeskMachine, records: Sequence[MarketRecord], arrivals: Sequence[tuple[int, Signal | Command]]
) -> list[Record]:
    """Each entry arrives behind so many records."""
    told: list[Record] = []
    places = sorted({0, len(records), *(at for at, _ in arrivals)})
    decoder = MarketDecoder()
    for start, end in zip(places, [*places[1:], None], strict=True):
        for offset, (at, message) in enumerate(arrivals):
            if at == start:
                told += machine.admit(offset, entry_of(message, offset))
        if end is not None:
            told += machine.pass_market("ticks", decoder.decode("ticks", raws_of(records[start:end], start)))
    return told
