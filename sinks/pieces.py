"""A result as ClickHouse writes it, piece by piece: memory stays flat however long it is.

Rules of this file: a result that an error cut short is no result; the error is told.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import ClickHouseError
from urllib3.exceptions import HTTPError

from sinks.database import DatabaseError
from sinks.questions import refused

PIECE = 1 << 20
TAIL = 1 << 15
"""Bytes at a result's end in which an error is told."""
TAG = "X-ClickHouse-Exception-Tag"


def pieces(
    client: Client,
    statement: str,
    parameters: Mapping[str, Any],
    form: str,
    name: str,
) -> Iterator[bytes]:
    """`form` is one of ClickHouse's formats; `name` is what errors call the statement."""
    try:
        stream: Any = client.raw_stream(statement, dict(parameters) or None, fmt=form)
        tag = getattr(stream, "headers", {}).get(TAG, "")
        tail = b""
        try:
            while piece := stream.read(PIECE):
                tail = (tail + piece)[-TAIL:]
                _refuse_error(tail, tag)
                yield piece
        finally:
            stream.close()
    except (ClickHouseError, HTTPError) as error:
        raise refused(name, error) from error


def _refuse_error(tail: bytes, tag: str) -> None:
    mark = f"__exception__\r\n{tag}\r\n".encode()
    if tag and mark in tail:
        said = tail.partition(mark)[2].partition(b"\n")[0].decode(errors="replace")
        raise DatabaseError(f"ClickHouse stopped in the middle: {said}")
