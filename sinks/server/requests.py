"""What a client asks for: its statement, the data behind it, its settings, and who it is.

Rules of this file: a statement stands in the parameter `query`, in the body, or begins in one and ends in the
other.
"""

import asyncio
from collections.abc import AsyncIterator
from typing import NamedTuple

from aiohttp import BasicAuth, web

from sinks.engine.engine import EngineError
from sinks.server.answers import TOO_LARGE, UNKNOWN_COMPRESSION
from sinks.server.compression import TooLargeError, UnknownCompressionError, decompress
from sinks.server.statements import Insert, format_of, insert_of

HEAD = 1 << 16
"""Bytes in which an insert's statement ends."""
PIECE = 1 << 20
MOST_UNPACKED = 256 << 20
"""Bytes of a compressed body as it was: it is held in memory."""
MOST_ASKED = 256 << 10
"""Bytes of a read-only user's statement, packed or not."""
DEFAULT = "default"
OURS = frozenset(
    "query database default_format session_id session_timeout session_check query_id user password compress "
    "decompress enable_http_compression http_zlib_compression_level wait_end_of_query buffer_size role "
    "client_protocol_version quota_key stacktrace".split()
)
"""Parameters of a request that are no settings."""
NOT_TEXT = 6


class AskedStatement(NamedTuple):
    """A statement, and the data that follows it."""

    query: str
    insert: Insert | None
    data: AsyncIterator[bytes]

    @property
    def statement(self) -> str:
        """Without data."""
        return self.query if self.insert is None else self.insert.head + self.insert.settings


class RefusedRequestError(Exception):
    """A request that is not let in."""


def database_of(request: web.Request) -> str | None:
    return request.query.get("database") or request.headers.get("X-ClickHouse-Database")


def settings_of(request: web.Request) -> dict[str, str]:
    known = request.query.items()
    return {name: value for name, value in known if name not in OURS and not name.startswith("param_")}


def parameters_of(request: web.Request) -> dict[str, str]:
    """Of the query."""
    known = request.query.items()
    return {name.removeprefix("param_"): value for name, value in known if name.startswith("param_")}


def result_format(request: web.Request, query: str) -> str:
    return format_of(query) or default_format(request)


def default_format(request: web.Request) -> str:
    """For a statement that names none."""
    known = request.query.get("default_format"), request.headers.get("X-ClickHouse-Format")
    return next(filter(None, known), "TabSeparated")


def credentials(request: web.Request) -> tuple[str, str]:
    """In the order in which ClickHouse looks for them."""
    headers, query = request.headers, request.query
    if "X-ClickHouse-User" in headers or "X-ClickHouse-Key" in headers:
        return headers.get("X-ClickHouse-User", DEFAULT), headers.get("X-ClickHouse-Key", "")
    if "Authorization" in headers:
        try:
            given = BasicAuth.decode(headers["Authorization"])
        except ValueError as error:
            raise RefusedRequestError(f"the header Authorization: {error}") from error
        return given.login or DEFAULT, given.password
    return query.get("user") or DEFAULT, query.get("password", "")


async def asked(request: web.Request, *, only_asks: bool) -> AskedStatement:
    """The statement, and its data as it comes."""
    text = request.query.get("query", "")
    method = request.headers.get("Content-Encoding", "").lower()
    pieces: AsyncIterator[bytes] = request.content.iter_chunked(PIECE)
    if only_asks:
        pieces = _no_more_than(MOST_ASKED, pieces)
    if method:
        pieces = _of(await _unpacked(pieces, method, MOST_ASKED if only_asks else MOST_UNPACKED))
    if only_asks:
        return AskedStatement(_whole(text, b"".join([piece async for piece in pieces])), None, _of())
    insert = insert_of(text)
    if insert is not None:
        return AskedStatement(text, insert, _before(insert.data.encode(), pieces))
    return await _asked_in_body(text, pieces)


async def _unpacked(pieces: AsyncIterator[bytes], method: str, most: int) -> bytes:
    packed = b"".join([piece async for piece in _no_more_than(most, pieces)])
    try:
        return await asyncio.to_thread(decompress, packed, method, most)
    except UnknownCompressionError as error:
        raise EngineError(f"Code: {UNKNOWN_COMPRESSION}. DB::Exception: {error}") from error
    except TooLargeError as error:
        raise EngineError(f"Code: {TOO_LARGE}. DB::Exception: {error}") from error


async def _no_more_than(most: int, pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    left = most
    async for piece in pieces:
        left -= len(piece)
        if left < 0:
            raise EngineError(f"Code: {TOO_LARGE}. DB::Exception: the body has more than {most} bytes")
        yield piece


async def _asked_in_body(text: str, pieces: AsyncIterator[bytes]) -> AskedStatement:
    body = b""
    async for piece in pieces:
        body += piece
        if len(body) >= HEAD:
            break
    head = text + ("\n" if text and body else "") + _text(body[:HEAD])
    insert = insert_of(head)
    if insert is None:
        rest = [piece async for piece in pieces]
        return AskedStatement(_whole(text, b"".join([body, *rest])), None, _of())
    data = insert.data.encode("utf-8", "surrogateescape") + body[HEAD:]
    return AskedStatement(head, insert, _before(data, pieces))


def _whole(text: str, body: bytes) -> str:
    try:
        return text + ("\n" if text and body else "") + body.decode()
    except UnicodeDecodeError as error:
        raise EngineError(f"Code: {NOT_TEXT}. DB::Exception: the statement is not UTF-8: {error}") from error


def _text(body: bytes) -> str:
    """Data behind a statement may be any bytes."""
    return body.decode("utf-8", "surrogateescape")


async def _of(*pieces: bytes) -> AsyncIterator[bytes]:
    for piece in pieces:
        yield piece


async def _before(first: bytes, rest: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield first
    async for piece in rest:
        yield piece
