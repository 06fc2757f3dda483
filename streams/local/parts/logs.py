"""The logs of child processes: appended to, set aside when they have grown, and read for why one ended.

Rules of this file: a process keeps writing into the file that it was given. So what has grown is copied and
the file emptied; a line that comes in between is lost.
"""

import os
import re
import shutil
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

BYTES_MAX = 10 * 1024 * 1024
KEPT = 3
TAIL_BYTES = 8 * 1024
TAIL_LINES = 15
END_BYTES = 64 * 1024
"""What a process wrote before it ended: a full disk may be reported before many lines of other errors."""
ROOM_MIN = 1024 * 1024
"""A disk with less is full."""
SHOWN = 120
_FULL = re.compile(r"No space left on device|Disk quota exceeded|NOT_ENOUGH_SPACE", re.IGNORECASE)


def open_log(path: Path) -> IO[bytes]:
    """The log to append to."""
    path.parent.mkdir(parents=True, exist_ok=True)
    keep_small(path)
    return path.open("ab")


def keep_small(path: Path) -> None:
    """A large log goes on empty, if it can; what it said is in `.1`, what that said in `.2`."""
    if size(path) <= BYTES_MAX:
        return
    with suppress(OSError):
        for number in range(KEPT - 1, 0, -1):
            older = path.with_name(f"{path.name}.{number}")
            if older.exists():
                os.replace(older, path.with_name(f"{path.name}.{number + 1}"))
    with suppress(OSError):  # a full disk takes no copy
        shutil.copyfile(path, path.with_name(f"{path.name}.1"))
    with suppress(OSError):
        os.truncate(path, 0)


def size(path: Path) -> int:
    """0 where it is not there, or nobody may know."""
    try:
        return path.stat().st_size
    except OSError:
        return 0


def note(path: Path, words: str) -> None:
    """A line of ours in somebody's log, if there is room."""
    with suppress(OSError), path.open("a", encoding="utf-8") as file:
        file.write(f"{datetime.now(UTC).isoformat(' ', 'seconds')} ghostfill: {words}\n")


def last_lines(path: Path, count: int = TAIL_LINES) -> str:
    try:
        return "\n".join(_tail(path, 0, TAIL_BYTES)[-count:])
    except OSError:
        return "(nothing)"


def full_disk(path: Path, since: int) -> str:
    """What tells that there was no room: a line of the log behind that size of it, or the disk itself."""
    with suppress(OSError):
        for line in reversed(_tail(path, since if since <= size(path) else 0, END_BYTES)):
            if _FULL.search(line):
                return line.strip()[:SHOWN]
        if shutil.disk_usage(path.parent).free < ROOM_MIN:
            return f"nothing is free in {path.parent}"
    return ""


def is_full(error: object) -> bool:
    """Whether an error says so."""
    return _FULL.search(str(error)) is not None


def _tail(path: Path, since: int, most: int) -> list[str]:
    with path.open("rb") as file:
        file.seek(max(since, size(path) - most))
        return file.read().decode(errors="replace").splitlines()
