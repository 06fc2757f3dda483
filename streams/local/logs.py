"""The logs of child processes: appended to, and set aside at a start when they have grown."""

import os
from pathlib import Path
from typing import IO

BYTES_MAX = 10 * 1024 * 1024
KEPT = 3
TAIL_BYTES = 8 * 1024
TAIL_LINES = 15


def open_log(path: Path) -> IO[bytes]:
    """The log to append to; a large one moves to `.1`, and `.1` to `.2`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.exists() and path.stat().st_size > BYTES_MAX:
        for number in range(KEPT - 1, 0, -1):
            older = path.with_name(f"{path.name}.{number}")
            if older.exists():
                os.replace(older, path.with_name(f"{path.name}.{number + 1}"))
        os.replace(path, path.with_name(f"{path.name}.1"))
    return path.open("ab")


def last_lines(path: Path, count: int = TAIL_LINES) -> str:
    try:
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - TAIL_BYTES))
            return "\n".join(file.read().decode(errors="replace").splitlines()[-count:])
    except OSError:
        return "(nothing)"
