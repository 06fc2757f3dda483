"""Everything that happens, as it happens, for programs: from now on, or from where they were.

Rules of this file: an id says how far every partition was read, so that who comes back with it gets all that
came meanwhile and nothing twice, also from another process. Who is slow is not waited for: what it missed it
reads from Kafka.
"""

import asyncio
import base64
import binascii
from collections import deque
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from dataclasses import dataclass, field

import msgspec
import orjson

from schemas.catalog import catalog
from schemas.codec import Codec, default_codec
from schemas.errors import MessageError, RegistryError
from schemas.kinds import kind_of
from streams.clients.kafka import Place, Raw, Span, beginnings, read_spans
from streams.transport.kafka.cluster import Cluster
from streams.web.state.live_state import Event, LiveState
from streams.web.state.live_state import Place as EventPlace
from streams.web.state.replays import Replays
from streams.web.state.topic_followers import TOLD, by_time

KINDS = tuple(kind for topic in TOLD for kind in catalog().topic(topic).messages)
"""What there is to follow."""
BEGINNING = ""
"""The kind of what comes first and says only from where on events follow."""
KEPT = 20_000
"""So many of the last events are in memory."""
LOOK_S = 0.05
PIECE, PIECE_BYTES = 5_000, 4 << 20
"""So many records, or bytes of them, are read at a time for who comes back late."""

_decode = msgspec.msgpack.Decoder(dict[str, list[int]]).decode


@dataclass(slots=True)
class NumberedEvent:
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
    live: LiveState
    codec: Codec
    _told: deque[NumberedEvent] = field(default_factory=lambda: deque(maxlen=KEPT))
    _count: int = 0
    _next: "asyncio.Future[None] | None" = None
    _replays: Replays = field(default_factory=Replays)

    def __post_init__(self) -> None:
        self.live.listeners.append(self._listen)

    def _listen(self, events: list[Event]) -> None:
        for event in events:
            self._count += 1
            self._told.append(NumberedEvent(self._count, event))
        if events and self._next is not None:
            self._next.set_result(None)
            self._next = None

    async def follow(self, interest: Interest, last_id: str | None) -> AsyncGenerator[Sent, None]:
        """Without end; the first is no event, and bears the id to begin with."""
        while not self.live.is_whole:  # what happened before is not an event
            await asyncio.sleep(LOOK_S)
        said = self.live.next if last_id is None else read_id(last_id)
        at = {place: said.get(place, 0) for place in self.live.next}
        number = self._count if last_id is None else -1
        yield Sent(write_id(at), BEGINNING, b"")
        while True:
            if number < self._oldest() - 1:
                number, wanted = self._count, dict(self.live.next)
                async with aclosing(self._missed(at, wanted)) as missed:
                    async for event in missed:
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

    def _behind(self, number: int) -> list[NumberedEvent]:
        """Those in memory after a number; a list, for more come while they are sent."""
        skip = max(0, number + 1 - self._oldest())
        return [self._told[at] for at in range(skip, len(self._told))] if skip < len(self._told) else []

    async def _more(self) -> None:
        if self._next is None:
            self._next = asyncio.get_running_loop().create_future()
        await asyncio.shield(self._next)

    async def _missed(
        self, at: Mapping[Place, int], until: Mapping[Place, int]
    ) -> AsyncGenerator[Event, None]:
        """What Kafka has between two places, piece by piece, each piece in the order of its times.

        `at` moves on with what is taken.
        """
        first = await asyncio.to_thread(beginnings, self.cluster, list(until))
        left = _left({place: max(at.get(place, 0), first[place]) for place in until}, until)
        while left:
            share = max(1, PIECE // len(left))
            spans = {place: (start, min(end, start + share)) for place, (start, end) in left.items()}
            piece = await self._replays.begin()
            try:
                events, reached = await asyncio.to_thread(self._read, spans)
                piece.fill(events)
                del events
                while (event := piece.next()) is not None:
                    yield event
            finally:
                self._replays.end(piece)
            if piece.was_given_back:
                reached = {place: max(at.get(place, 0), start) for place, (start, _) in spans.items()}
            left = _left(reached, {place: end for place, (_, end) in left.items()})

    def _read(self, spans: Mapping[Place, Span]) -> tuple[list[Event], dict[Place, int]]:
        """The events, and how far each partition was read: not to its end where that would be too much."""
        raws, size = [], 0
        reached = {place: start for place, (start, _) in spans.items()}
        for raw in read_spans(self.cluster, spans, PIECE_BYTES):
            raws.append(raw)
            reached[raw.topic, raw.partition] = raw.offset + 1
            size += len(raw.value or b"")
            if size >= PIECE_BYTES:
                break
        else:
            reached = {place: end for place, (_, end) in spans.items()}
        found = [event for event in map(self._event, by_time(raws)) if event is not None]
        return found, reached

    def _event(self, raw: Raw) -> Event | None:
        try:
            message = self.codec.decode(raw.topic, raw.key, raw.value, raw.arrived)
        except (MessageError, RegistryError):
            return None
        return Event(EventPlace(raw.topic, raw.partition, raw.offset), raw.timestamp, message)


def _left(at: Mapping[Place, int], until: Mapping[Place, int]) -> dict[Place, Span]:
    """What is still to be read."""
    return {place: (at[place], end) for place, end in until.items() if at[place] < end}


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
        raise MessageError("last event id", repr(text[:60]), "the id of an event from this server") from error
