"""Where a page of a list ended, as text that a client hands back for the next.

Rules of this file: whoever reads a cursor says what is in it; anything else is refused.
"""

import base64
import binascii
from collections.abc import Sequence

import orjson

from schemas.errors import MessageError

Part = int | str
LARGEST = 1 << 62


def write_cursor(parts: Sequence[Part]) -> str:
    return base64.urlsafe_b64encode(orjson.dumps(list(parts))).decode().rstrip("=")


def read_cursor(cursor: str, *kinds: type[Part]) -> tuple[Part, ...]:
    """Its parts, one of each kind."""
    try:
        parts = orjson.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        if [type(part) for part in parts] != list(kinds):
            raise ValueError
        if any(isinstance(part, int) and abs(part) > LARGEST for part in parts):
            raise ValueError
    except (ValueError, TypeError, binascii.Error) as error:
        raise MessageError("cursor", repr(cursor), "the `next` of the previous page") from error
    return tuple(parts)
