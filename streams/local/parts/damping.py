"""Log lines of one kind: the first few of a minute, and then how many more there were.

Rules of this file: a kind is a place in the code and a type of error. So there are only so many kinds, and a
flood of one hides no other.
"""

import logging
import time
from collections.abc import Callable

MOST = 20
EVERY_S = 60.0
FORM = "%(asctime)s %(levelname)s %(name)s: %(message)s"

Kind = tuple[str, int, str, int, str]


class Damper(logging.Filter):
    """Lets so many lines of a kind through."""

    def __init__(self, most: int = MOST, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._most = most
        self._clock = clock
        self._seen: dict[Kind, tuple[float, int]] = {}
        """Since when a kind is counted, and how many there were."""

    def filter(self, record: logging.LogRecord) -> bool:
        kind, now = _kind(record), self._clock()
        since, count = self._seen.get(kind, (now, 0))
        left_out = 0
        if now - since >= EVERY_S:
            left_out, since, count = max(0, count - self._most), now, 0
        count += 1
        self._seen[kind] = since, count
        if left_out:
            _add(record, f"{left_out} similar messages were left out before it")
        if count == self._most:
            _add(record, f"similar messages are left out for {EVERY_S - (now - since):.0f} s")
        return count <= self._most


def damp_logs() -> None:
    """What this process logs goes to its log damped."""
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter(FORM))
    handler.addFilter(Damper())
    logging.basicConfig(handlers=[handler], level=logging.WARNING)


def _kind(record: logging.LogRecord) -> Kind:
    error = record.exc_info[0] if record.exc_info else None
    return record.name, record.levelno, record.pathname, record.lineno, error.__name__ if error else ""


def _add(record: logging.LogRecord, more: str) -> None:
    record.msg, record.args = f"{record.getMessage()} ({more})", ()
