"""A file that appears whole, or not at all.

Rules of this file: it is written beside its name and moved there at the end; a failure leaves what was there.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO


@contextmanager
def whole(path: Path) -> Iterator[IO[bytes]]:
    part = path.with_name(f".{path.name}.part")
    try:
        with part.open("wb") as file:
            yield file
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def write_whole(path: Path, text: str) -> None:
    """A small file: on a full disk what was there stays."""
    with whole(path) as file:
        file.write(text.encode())
