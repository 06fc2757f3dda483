"""Files of the home that its user alone may read.

Rules of this file: a file is written beside its name and moved there whole; whoever changes one holds its
lock, so that two at once lose nothing.
"""

import fcntl
import os
import re
import secrets
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

KEY_BYTES = 32
_SECRET = re.compile(r"[A-Za-z0-9_-]{43}")


class PrivateFileError(Exception):
    """A file that is not as it was written; says what to do."""


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Waits until nobody else changes the file."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with path.with_name(f"{path.name}.lock").open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def write(path: Path, data: bytes) -> None:
    handle, part = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")  # its mode is 0600
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(handle)
        os.replace(part, path)
    finally:
        Path(part).unlink(missing_ok=True)


def key(path: Path) -> bytes:
    """The random key that is kept there, made the first time."""
    with locked(path):
        if not path.exists():
            write(path, secrets.token_bytes(KEY_BYTES))
        found = _read(path)
    if len(found) != KEY_BYTES:
        raise PrivateFileError(
            f"{path} has {len(found)} bytes; expected {KEY_BYTES}: delete it, and log in again"
        )
    return found


def secret(path: Path) -> str:
    """The random word that is kept there, made the first time; no URL or file of settings has to quote it."""
    try:
        return _word(path)
    except FileNotFoundError:
        pass
    with locked(path):
        if not path.exists():
            write(path, f"{secrets.token_urlsafe(KEY_BYTES)}\n".encode("ascii"))
    return _word(path)


def _word(path: Path) -> str:
    word = _read(path).decode("ascii", "replace").strip()
    if _SECRET.fullmatch(word) is None:
        raise PrivateFileError(f"{path} holds no Ghostfill secret: delete it, and start Ghostfill again")
    return word


def _read(path: Path) -> bytes:
    """Whoever else may read it, or wrote it, makes it no secret."""
    try:
        with path.open("rb") as file:
            found, about = file.read(), os.fstat(file.fileno())
    except PermissionError as error:
        raise PrivateFileError(
            f"{path} cannot be read: it belongs to another user of this machine"
        ) from error
    if about.st_uid != os.geteuid():
        raise PrivateFileError(f"{path} belongs to another user: delete it, and start Ghostfill again")
    if stat.S_IMODE(about.st_mode) & 0o077:
        raise PrivateFileError(f"{path} can be read by other users: delete it, and start Ghostfill again")
    return found
