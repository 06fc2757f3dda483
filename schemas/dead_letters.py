"""What is kept of a record that nobody could read: enough to find it and to understand what was wrong.

Rules of this file: a letter is never larger than Kafka takes.
"""

from schemas.messages import DeadLetter
from schemas.text.numbers import TIME_END

MAX_VALUE = 256 << 10
"""Bytes of one message. What is longer is a dead letter, and is cut there."""
MAX_KEY = 1 << 10
MAX_REASON = 1000


def dead_letter(
    topic: str, partition: int, offset: int, *, ts: int, key: bytes | None, value: bytes | None, reason: str
) -> DeadLetter:
    """`ts` in microseconds, whatever it was taken from."""
    return DeadLetter(
        topic=topic,
        partition=partition,
        offset=offset,
        ts=min(max(ts, 0), TIME_END - 1),
        reason=reason[:MAX_REASON].encode(errors="replace").decode(),
        value=(value or b"")[:MAX_VALUE],
        key=key[:MAX_KEY] if key is not None else None,
    )
