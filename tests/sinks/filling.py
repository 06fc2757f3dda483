"""Puts messages into the tables, as the sink would have."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from schemas.catalog import catalog
from schemas.kinds import kind_of, topic_of
from schemas.messages import Message
from sinks.columns import MONEY, PLACE, TIME, columns_of

TABLES = {"slice-timers": "slices", "dead-letters": "dead_letters"}
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def fill(client: Any, messages: Iterable[Message], written: datetime = EPOCH) -> None:
    """All of them, each topic's one behind the other in its partition 0; `written`: when Kafka took them."""
    by_kind = defaultdict(list)
    for message in messages:
        by_kind[kind_of(message)].append(message)
    for kind, found in by_kind.items():
        topic = topic_of(found[0])
        types = columns_of(catalog().schemas.current(kind))
        rows = [
            [
                *(_value(getattr(each, name), typed) for name, typed in types.items()),
                topic,
                0,
                offset,
                written,
            ]
            for offset, each in enumerate(found)
        ]
        client.insert(TABLES.get(topic, topic), rows, column_names=[*types, *PLACE])


def _value(value: Any, typed: str) -> Any:
    if value is None:
        return None
    if MONEY in typed:
        return Decimal(value).scaleb(-8)
    if TIME in typed:
        return EPOCH + timedelta(microseconds=value)
    return list(value) if isinstance(value, tuple) else value
