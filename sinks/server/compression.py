"""What bodies are compressed with, both ways.

Rules of this file:
- A compressed request is taken whole, into no more memory than is said: a small body may unpack to gigabytes.
- An answer is compressed piece by piece, and only for who asks for it as ClickHouse's clients do.
"""

import mmap
from typing import Any

import cramjam
from aiohttp import web

METHODS: dict[str, Any] = {
    "zstd": cramjam.zstd,
    "lz4": cramjam.lz4,
    "gzip": cramjam.gzip,
    "br": cramjam.brotli,
    "deflate": cramjam.zlib,
}
"""By preference."""
_FULL = "failed to write whole buffer"


class UnknownCompressionError(Exception):
    """A request is compressed as we cannot read."""


class TooLargeError(Exception):
    """A body unpacks to more than it may."""


def decompress(body: bytes, method: str, most: int) -> bytes:
    """What was packed, of `most` bytes at most; pages that nothing is written to cost nothing."""
    known = METHODS.get(method)
    if known is None:
        raise UnknownCompressionError(f"Content-Encoding {method!r}; expected one of {', '.join(METHODS)}")
    with mmap.mmap(-1, most) as room:
        try:
            length = known.decompress_into(body, room)
        except cramjam.DecompressionError as error:
            if _FULL in str(error):
                raise TooLargeError(f"the body unpacks to more than {most} bytes") from error
            raise UnknownCompressionError(f"the body is not {method}: {error}") from error
        return room[:length]


class Compressor:
    """Of one answer; as it is, this one changes nothing."""

    name = ""

    def piece(self, data: bytes) -> bytes:
        return data

    def end(self) -> bytes:
        return b""


class _Compressing(Compressor):
    def __init__(self, name: str) -> None:
        self.name = name
        self._compressor = METHODS[name].Compressor()

    def piece(self, data: bytes) -> bytes:
        self._compressor.compress(data)
        return bytes(self._compressor.flush())

    def end(self) -> bytes:
        return bytes(self._compressor.finish())


def compressor_for(request: web.Request) -> Compressor:
    if request.query.get("enable_http_compression") != "1":
        return Compressor()
    accepted = {
        each.partition(";")[0].strip() for each in request.headers.get("Accept-Encoding", "").split(",")
    }
    return next((_Compressing(name) for name in METHODS if name in accepted), Compressor())
