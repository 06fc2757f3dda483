"""How results look in a file: exact decimals, times in UTC, floats that read back the same."""

from datetime import UTC, datetime, timedelta

from streams.engine.model.units import SECOND

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def decimal_text(units: int | None) -> str:
    """Units of 1e-8 as the shortest decimal: `100`, `99.5`."""
    if units is None:
        return ""
    whole, rest = divmod(abs(units), 10**8)
    sign = "-" if units < 0 else ""
    return f"{sign}{whole}.{rest:08d}".rstrip("0") if rest else f"{sign}{whole}"


def time_text(micros: int | None) -> str:
    """ISO 8601; six digits of a second only where there are any."""
    if micros is None:
        return ""
    moment = EPOCH + timedelta(microseconds=micros)
    return f"{moment:%Y-%m-%dT%H:%M:%S.%fZ}" if micros % SECOND else f"{moment:%Y-%m-%dT%H:%M:%SZ}"


def plain_text(value: object) -> str:
    """Words, counts and floats; nothing for what is not known."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return float.__repr__(value) if isinstance(value, float) else str(value)


def list_text(values: tuple[str, ...]) -> str:
    return ";".join(values)
