"""Where an entry came from: copied onto everything that follows from it.

Rules of this file: an origin is an array where it is written: a new field goes last and has a default.
"""

import msgspec

from schemas.messages import Command, Signal


class Origin(msgspec.Struct, frozen=True, array_like=True):
    """A signal with its source, or a person's command."""

    signal_id: str | None = None
    source: str | None = None
    command_id: str | None = None
    confidence: float | None = None
    theories: dict[str, float] = {}
    tags: tuple[str, ...] = ()


NOBODY = Origin()


def origin_of(entry: Signal | Command) -> Origin:
    if isinstance(entry, Command):
        return Origin(command_id=entry.command_id)
    return Origin(
        signal_id=entry.signal_id,
        source=entry.source,
        confidence=entry.confidence,
        theories=entry.theories,
        tags=entry.tags,
    )
