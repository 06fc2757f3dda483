"""Records on their way: written one by one, each known by its place."""

import json
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from confluent_kafka import KafkaError, KafkaException, Message, Producer

from ghostfill.testing.errors import GhostfillTestError
from streams.clients.kafka import Place

WRITTEN_S = 20.0


def send(producer: Producer, topic: str, key: str, value: bytes) -> tuple[Place, int]:
    """Returns when Kafka has it: in which partition, at which offset."""
    written: list[Message] = []
    refused: list[object] = []

    def told(error: KafkaError | None, message: Message) -> None:
        if error is None:
            written.append(message)
        else:
            refused.append(error)

    try:
        producer.produce(topic, value, key, on_delivery=told)
        producer.flush(WRITTEN_S)
    except KafkaException as error:
        refused.append(error)
    if not written:
        raise GhostfillTestError(f"Kafka did not take a record of {topic}: {refused or 'no answer'}")
    (message,) = written
    return (topic, message.partition() or 0), message.offset() or 0


def as_json(fields: Mapping[str, Any]) -> bytes:
    """What is None is absent."""
    return json.dumps(
        {name: value for name, value in fields.items() if value is not None}, default=_plain
    ).encode()


def _plain(value: object) -> str:
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(f"{value!r} of type {type(value).__name__} cannot be written as JSON")
