"""Which barriers of a shard's log count.

Rules of this file: owners and readers ask the same `History`, so nobody can take a record for valid that
another does not. A barrier counts if its epoch is the newest takeover's and its number follows the last valid
one; a takeover's epoch is its own offset.
"""

from schemas.private import Barrier, Takeover

NOBODY = -1


class TakenOverError(Exception):
    """Another worker has taken the shard over."""


class History:
    """A shard's barriers in the order of their log."""

    def __init__(self, epoch: int = NOBODY, number: int = -1, engine: str = "") -> None:
        self.epoch = epoch
        self.number = number
        """Of the last barrier that counted."""
        self.engine = engine
        """The version that the owner of this epoch runs."""

    def take(self, offset: int, record: Takeover | Barrier) -> Barrier | None:
        """The barrier, if it counts."""
        if isinstance(record, Takeover):
            self.epoch, self.engine = offset, record.engine
            return None
        if record.epoch != self.epoch or record.number != self.number + 1:
            return None
        self.number = record.number
        return record
