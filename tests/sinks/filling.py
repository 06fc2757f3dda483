"""Messages in the tables, all at once."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from schemas.messages import Message
from sinks.loading.filling import Filling

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def fill(client: Any, messages: Iterable[Message], written: datetime = EPOCH) -> None:
    """All of them; `written`: when Kafka took them."""
    filling = Filling(client, written)
    filling.add(messages)
    filling.finish()
