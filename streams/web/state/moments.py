"""Our microseconds as ClickHouse's times, and back."""

from datetime import UTC, datetime, timedelta

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def moment_of(at: int) -> datetime:
    return EPOCH + timedelta(microseconds=at)


def micros(value: datetime) -> int:
    passed = value - EPOCH
    return (passed.days * 86_400 + passed.seconds) * 1_000_000 + passed.microseconds
