"""A person's statement on its way to ClickHouse: the client's library reads nothing of it.

Rules of this file: the library's own look at a statement takes minutes for some of 100 KB, and nobody else in
the process moves meanwhile. So a statement without parameters is posted as it is.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, cast

from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.ctypes import RespBuffCls
from clickhouse_connect.driver.exceptions import StreamFailureError
from clickhouse_connect.driver.query import QueryResult
from clickhouse_connect.driver.transform import NativeTransform

from sinks.database.database import DatabaseError

PIECE = 1 << 20
TAIL = 1 << 15
"""Bytes at a result's end in which an error is told."""
TAG = "X-ClickHouse-Exception-Tag"
NATIVE = "Native"


class TooMuchError(DatabaseError):
    """A result that is not held in memory."""


def stream(client: Client, statement: str, parameters: Mapping[str, Any], form: str) -> Iterator[bytes]:
    """What it finds, in pieces. With parameters it is one of ours, and the library puts them in."""
    found: Any = _asked(client, statement, parameters, form)
    tag = getattr(found, "headers", {}).get(TAG, "")
    tail = b""
    try:
        while piece := found.read(PIECE):
            tail = (tail + piece)[-TAIL:]
            _refuse_error(tail, tag)
            yield piece
    finally:
        found.close()


def rows(client: Client, statement: str, most: int | None = None) -> QueryResult:
    """What it finds, as the library reads it, if it has so many bytes at most; times know their zone."""
    context = client.create_query_context("SELECT", tz_mode="aware")
    buffer: Any = RespBuffCls
    data = _Pieces([_held(stream(client, statement, {}, NATIVE), most)])
    return cast(QueryResult, NativeTransform.parse_response(buffer(data), context))


def _asked(client: Client, statement: str, parameters: Mapping[str, Any], form: str) -> Any:
    if parameters:
        return client.raw_stream(statement, dict(parameters), fmt=form)
    backend: Any = vars(client)["_backend"]  # nothing that the library documents leaves a statement alone
    text = f"{statement}\n FORMAT {form}".encode()
    place = {"database": client.database} if client.database else {}
    return backend.request(text, place, stream=True, server_wait=False, retryable=True)


def _held(pieces: Iterator[bytes], most: int | None) -> bytes:
    found = bytearray()
    for piece in pieces:
        found += piece
        if most is not None and len(found) > most:
            raise TooMuchError(
                f"the result has more than {most >> 20} MiB; expected fewer rows or columns, or shorter texts"
            )
    return bytes(found)


def _refuse_error(tail: bytes, tag: str) -> None:
    mark = f"__exception__\r\n{tag}\r\n".encode()
    if tag and mark in tail:
        said = tail.partition(mark)[2].partition(b"\n")[0].decode(errors="replace")
        raise StreamFailureError(f"ClickHouse stopped in the middle: {said}")


class _Pieces:
    """A source that the library reads from."""

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self.gen = iter(pieces)

    def close(self) -> None:
        """Nothing is open."""
