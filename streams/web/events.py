"""Everything that happens, as it happens, for programs: from now on, or from where they were.

Rules of this file: an id says how far every partition was read, so that who comes back with it gets all that
came meanwhile and nothing twice, also from another process. Who is slow is not waited for: what it missed it
reads from Kafka.
"""

import asyncio
import base64
import binascii
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from dataclasses import dataclass, field

import msgspec
import orjson

from schemas.catalog import catalog
from schemas.codec import Codec, default_codec
from schemas.errors import MessageError, RegistryError
from schemas.kinds import kind_of
from streams.clients.kafka import Place, Raw, beginnings, read_spans
from streams.transport.cluster import Cluster
from streams.web.following import TOLD, by_time
from streams.web.live import Event, Live
from streams.web.live import Place as EventPlace

KINDS = tuple(kind for topic in TOLD for kind in catalog().topic(topic).messages)
"""What there is to follow."""
BEGINNING = ""
"""The kind of what comes first and says only from where on events follow."""
KEPT = 20_000
"""So many of the last events are in memory."""
LOOK_S = 0.05
CHUNK = 2_000
"""So many records of a partition are read at a time by who comes back late."""

_decode = msgspec.msgpack.Decoder(dict[str, list[int]]).decode


@dataclass(slots=True)
class Told:
    """An event, and its document once somebody wanted it."""

    number: int
    event: Event
    text: bytes = b""

    def data(self) -> bytes:
        self.text = self.text or data_of(self.event)
        return self.text


@dataclass(frozen=True, slots=True)
class Interest:
    """Which events somebody wants; empty: all."""

    accounts: frozenset[str] = frozenset()
    kinds: frozenset[str] = frozenset()

    def __contains__(self, event: Event) -> bool:
        message = event.message
        if self.kinds and kind_of(message) not in self.kinds:
            return False
        return not self.accounts or getattr(message, "account", None) in self.accounts


@dataclass(frozen=True, slots=True)
class Sent:
    """What goes out."""

    id: str
    kind: str
    data: bytes


@dataclass(slots=True)
class Events:
    """The last ones, and whoever waits for the next."""

    cluster: Cluster
    live: Live
    codec: Codec
    _told: deque[Told] = field(default_factory=lambda: deque(maxlen=KEPT))
    _count: int = 0
    _next: "asyncio.Future[None] | None" = None

    def __post_init__(self) -> None:
        self.live.listeners.append(self._listen)

    def _listen(self, events: list[Event]) -> None:
        for event in events:
            self._count += 1
            self._told.append(Told(self._count, event))
        if events and self._next is not None:
            self._next.set_result(None)
            self._next = None

    async def follow(self, interest: Interest, last_id: str | None) -> AsyncGenerator[Sent, None]:
        """Without end; the first is no event, and bears the id to begin with."""
        while not self.live.is_whole:  # what was there before is no news
            await asyncio.sleep(LOOK_S)
        said = self.live.next if last_id is None else read_id(last_id)
        at = {place: said.get(place, 0) for place in self.live.next}
        number = self._count if last_id is None else -1
        yield Sent(write_id(at), BEGINNING, b"")
        while True:
            if number < self._oldest() - 1:
                number, wanted = self._count, dict(self.live.next)
                async for event in self._missed(at, wanted):
                    at[event.place.topic, event.place.partition] = event.place.offset + 1
                    if event in interest:
                        yield Sent(write_id(at), kind_of(event.message), data_of(event))
                at |= wanted
                continue  # and meanwhile memory may have moved on
            for told in self._behind(number):
                number, place = told.number, told.event.place
                at[place.topic, place.partition] = place.offset + 1
                if told.event in interest:
                    yield Sent(write_id(at), kind_of(told.event.message), told.data())
            if number == self._count:
                await self._more()

    def _oldest(self) -> int:
        return self._told[0].number if self._told else self._count + 1

    def _behind(self, number: int) -> list[Told]:
        """Those in memory after a number; a list, for more come while they are sent."""
        skip = max(0, number + 1 - self._oldest())
        return [self._told[at] for at in range(skip, len(self._told))] if skip < len(self._told) else []

    async def _more(self) -> None:
        if self._next is None:
            self._next = asyncio.get_running_loop().create_future()
        await asyncio.shield(self._next)

    async def _missed(self, at: Mapping[Place, int], until: Mapping[Place, int]) -> AsyncIterator[Event]:
        """What Kafka has between two places, piece by piece, each piece in the order of its times."""
        first = await asyncio.to_thread(beginnings, self.cluster, list(until))
        starts = {place: max(at.get(place, 0), first[place]) for place in until}
        left = {place: (starts[place], end) for place, end in until.items() if starts[place] < end}
        while left:
            piece = {place: (start, min(end, start + CHUNK)) for place, (start, end) in left.items()}
            for event in await asyncio.to_thread(self._read, piece):
                yield event
            left = {
                place: (piece[place][1], end) for place, (_, end) in left.items() if piece[place][1] < end
            }

    def _read(self, spans: Mapping[Place, tuple[int, int]]) -> list[Event]:
        raws = by_time(read_spans(self.cluster, spans))
        return [event for event in map(self._event, raws) if event is not None]

    def _event(self, raw: Raw) -> Event | None:
        try:
            message = self.codec.decode(raw.topic, raw.key, raw.value)
        except (MessageError, RegistryError):
            return None
        return Event(EventPlace(raw.topic, raw.partition, raw.offset), raw.timestamp, message)


def data_of(event: Event) -> bytes:
    return orjson.dumps(default_codec().write_whole_json(event.message))


# Ids -------------------------------------------------------------------------------------------


def write_id(at: Mapping[Place, int]) -> str:
    """How far each partition was read, by topic."""
    by_topic: dict[str, list[int]] = {}
    for (topic, partition), offset in at.items():
        offsets = by_topic.setdefault(topic, [])
        offsets.extend([0] * (partition + 1 - len(offsets)))
        offsets[partition] = offset
    short = {str(TOLD.index(topic)): offsets for topic, offsets in by_topic.items()}
    return base64.urlsafe_b64encode(msgspec.msgpack.encode(short)).decode().rstrip("=")


def read_id(text: str) -> dict[Place, int]:
    try:
        found = _decode(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        return {
            (TOLD[int(topic)], partition): offset
            for topic, offsets in found.items()
            for partition, offset in enumerate(offsets)
            if 0 <= offset < 1 << 62
        }
    except (ValueError, IndexError, binascii.Error, msgspec.MsgspecError) as error:
        raise MessageError("last event id", repr(text[:60]), "the id of an event that was sent") from error
