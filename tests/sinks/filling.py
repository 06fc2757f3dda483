"""Puts messages into the tables by the sink's own writer, without Kafka."""

import threading
from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from schemas.codec import default_codec, encode
from schemas.kinds import key_of, topic_of
from schemas.messages import Message
from sinks.inserting import Inserting
from sinks.places import ends_of
from sinks.records import Place, Record, Run
from sinks.tables import TABLES
from sinks.writer import Writer

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def fill(client: Any, messages: Iterable[Message], written: datetime = EPOCH) -> None:
    """All of them, each topic's behind what its table has of partition 0; `written`: when Kafka took them."""
    by_topic = defaultdict(list)
    for message in messages:
        by_topic[topic_of(message)].append(message)
    writer = Writer(client, Inserting(client, threading.Event(), print, compress=False), default_codec())
    time = int(written.timestamp() * 1000)
    for topic, found in by_topic.items():
        place = Place(topic, 0)
        start = ends_of(client, TABLES[topic].name if topic in TABLES else topic).get(place, 0)
        records = [
            Record(start + number, time, key_of(message), encode(message))
            for number, message in enumerate(found)
        ]
        writer.write(writer.prepare([Run.of(place, records)]))
