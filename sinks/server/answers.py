"""What goes back to a client: results in pieces, errors with their code.

Rules of this file: an error behind a result's first piece is told in it, marked by a tag of the headers.
"""

import json
import time
import uuid

from aiohttp import web

from sinks.engine.engine import EngineError, Written
from sinks.server.compression import compressor_for

AUTHENTICATION_FAILED, UNKNOWN_COMPRESSION, SYNTAX_ERROR, TOO_LARGE = 516, 89, 62, 307
STATUS = {
    AUTHENTICATION_FAILED: 403,
    SYNTAX_ERROR: 400,
    UNKNOWN_COMPRESSION: 400,
    TOO_LARGE: 413,
} | dict.fromkeys((46, 47, 60, 73, 81, 115), 404)
"""Of HTTP; what does not exist is not found, and all else is the server's trouble."""
PLAIN = "text/tab-separated-values; charset=UTF-8"
TYPES = {
    "JSON": "application/json; charset=UTF-8",
    "JSONEachRow": "application/x-ndjson; charset=UTF-8",
    "CSV": "text/csv; charset=UTF-8; header=absent",
    "CSVWithNames": "text/csv; charset=UTF-8; header=present",
    "Native": "application/octet-stream",
    "Parquet": "application/octet-stream",
    "ArrowStream": "application/octet-stream",
}


class HttpAnswer:
    """A result on its way."""

    def __init__(self, request: web.Request, form: str) -> None:
        self._request = request
        self._compressor = compressor_for(request)
        self._tag = uuid.uuid4().hex[:16]
        headers = {
            **_headers(request),
            "Content-Type": TYPES.get(form, PLAIN),
            "X-ClickHouse-Format": form,
            "X-ClickHouse-Exception-Tag": self._tag,
        }
        if self._compressor.name:
            headers["Content-Encoding"] = self._compressor.name
        self._response = web.StreamResponse(headers=headers)

    async def begin(self) -> None:
        await self._response.prepare(self._request)

    async def write(self, piece: bytes) -> None:
        await self._response.write(self._compressor.piece(piece))

    async def write_error(self, error: EngineError) -> None:
        said, mark = f"{error}\n".encode(), b"\r\n__exception__\r\n"
        tag = self._tag.encode()
        await self.write(mark + tag + b"\r\n" + said + b"%d " % len(said) + tag + mark)

    async def end(self) -> web.StreamResponse:
        await self._response.write(self._compressor.end())
        await self._response.write_eof()
        return self._response


async def ok(request: web.Request) -> web.Response:
    return web.Response(text="Ok.\n")


def written(request: web.Request, done: Written, began: float) -> web.Response:
    """What an insert came to."""
    summary = {
        "read_rows": "0",
        "read_bytes": "0",
        "written_rows": str(done.rows),
        "written_bytes": str(done.bytes),
        "elapsed_ns": str(int((time.monotonic() - began) * 1e9)),
    }
    return web.Response(headers={**_headers(request), "X-ClickHouse-Summary": json.dumps(summary)})


def failed(request: web.Request, error: EngineError) -> web.Response:
    return web.Response(
        text=f"{error}\n",
        status=STATUS.get(error.code, 500),
        headers={**_headers(request), "X-ClickHouse-Exception-Code": str(error.code)},
    )


def _headers(request: web.Request) -> dict[str, str]:
    return {
        "X-ClickHouse-Query-Id": request.query.get("query_id") or str(uuid.uuid4()),
        "X-ClickHouse-Timezone": "UTC",
        "X-ClickHouse-Server-Display-Name": "ghostfill",
    }
