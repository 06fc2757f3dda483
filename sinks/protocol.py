"""ClickHouse's HTTP protocol over the engine: what ClickHouse clients, curl and Grafana speak.

Rules of this file:
- A request has a session of its own, or the one that its `session_id` names.
- Who may only read has handles that only read. A browser's page of elsewhere has nothing.
- The engine's calls run in threads; the event loop never waits for them.
"""

import asyncio
import hmac
import time
import uuid
from collections.abc import AsyncIterator, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from aiohttp import BasicAuth, web

from sinks.compression import UnknownCompressionError, compressor_for, decompress
from sinks.engine import Engine, EngineError, Handle
from sinks.statements import Insert, format_of, insert_of, names_a_file

THREADS = 8
MAX_BODY = 1 << 30
HEAD = 1 << 16
"""Bytes in which an insert's statement ends."""
PIECE = 1 << 20
SESSION_SECONDS = 60.0

OURS = frozenset(
    "query database default_format session_id session_timeout session_check query_id user password compress "
    "decompress enable_http_compression http_zlib_compression_level wait_end_of_query buffer_size role "
    "client_protocol_version quota_key stacktrace".split()
)
"""Parameters of a request that are no settings."""
DEFAULT = "default"
AUTHENTICATION_FAILED, SESSION_LOCKED, UNKNOWN_COMPRESSION, SYNTAX_ERROR = 516, 373, 89, 62
STATUS = {AUTHENTICATION_FAILED: 403, SYNTAX_ERROR: 400, UNKNOWN_COMPRESSION: 400} | dict.fromkeys(
    (46, 47, 60, 73, 81, 115), 404
)
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
LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "[::1]"})

Work = Callable[..., Any]


@dataclass(frozen=True)
class User:
    """Who may come in, and what for."""

    password: str = ""
    reads_only: bool = False


@dataclass
class Session:
    """A handle that outlives its requests."""

    handle: Handle
    used: float
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)


class Asked(NamedTuple):
    """A statement, and the data that follows it."""

    query: str
    insert: Insert | None
    data: AsyncIterator[bytes]

    @property
    def statement(self) -> str:
        """Without data."""
        return self.query if self.insert is None else self.insert.head


class RefusedError(Exception):
    """A request that is not let in."""


class Protocol:
    """The server's answers. `names`: the hosts under which it may be called, besides loopback's."""

    def __init__(
        self, engine: Engine, users: Mapping[str, User], names: frozenset[str] = frozenset()
    ) -> None:
        self._engine = engine
        self._users = users
        self._names = LOOPBACK_NAMES | names
        self._sessions: dict[tuple[str, str], Session] = {}
        self._threads = ThreadPoolExecutor(THREADS, "engine")

    def app(self) -> web.Application:
        app = web.Application(client_max_size=MAX_BODY)
        for path in ("/ping", "/replicas_status"):
            app.router.add_get(path, _ok)
        app.router.add_route("*", "/", self.answer)
        app.on_cleanup.append(self._close)
        return app

    async def _close(self, app: web.Application) -> None:
        for session in self._sessions.values():
            session.handle.close()
        self._threads.shutdown(cancel_futures=True)
        self._engine.close()

    async def answer(self, request: web.Request) -> web.StreamResponse:
        try:
            self._refuse_strangers(request)
            name, user = self._who(request)
            asked = await _asked(request)
            if not asked.query.strip():
                return web.Response(text="Ok.\n")
            if names_a_file(asked.statement):
                raise EngineError("Code: 344. DB::Exception: there are no files over HTTP")
            async with self._session(request, name, user) as handle:
                if asked.insert is not None:
                    return await self._insert(request, handle, asked)
                return await self._read(request, handle, asked)
        except RefusedError as error:
            return _failed(request, EngineError(f"Code: {AUTHENTICATION_FAILED}. DB::Exception: {error}"))
        except EngineError as error:
            return _failed(request, error)

    # Who is there --------------------------------------------------------------------------------

    def _refuse_strangers(self, request: web.Request) -> None:
        """A page of elsewhere that a browser shows must not speak for the person before it."""
        host = request.host.rsplit(":", 1)[0] if not request.host.endswith("]") else request.host
        if host not in self._names:
            raise RefusedError(f"this server is not called {host}")
        origin = request.headers.get("Origin")
        if origin is not None and origin.partition("://")[2] != request.host:
            raise RefusedError(f"pages of {origin} may not ask this server")

    def _who(self, request: web.Request) -> tuple[str, User]:
        name, password = _credentials(request)
        user = self._users.get(name)
        if user is None or not hmac.compare_digest(user.password.encode(), password.encode()):
            raise RefusedError(f"{name}: password is incorrect, or there is no user with such name")
        return name, user

    # Sessions ------------------------------------------------------------------------------------

    @asynccontextmanager
    async def _session(self, request: web.Request, name: str, user: User) -> AsyncIterator[Handle]:
        wanted = request.query.get("session_id")
        if wanted is None or request.method == "GET":
            handle = self._open(user)
            try:
                await self._prepare(request, handle)
                if request.method == "GET" and not user.reads_only:  # following a link changes nothing
                    await self._in_thread(handle.set, {"readonly": "2"})
                yield handle
            finally:
                await self._in_thread(handle.close)
            return
        self._end_old_sessions()
        session = self._sessions.get((name, wanted))
        if session is None:
            session = self._sessions[name, wanted] = Session(self._open(user), time.monotonic())
        if session.lock.locked():
            raise EngineError(f"Code: {SESSION_LOCKED}. DB::Exception: Session {wanted} is locked by a query")
        async with session.lock:
            await self._prepare(request, session.handle)
            yield session.handle
            session.used = time.monotonic()

    def _open(self, user: User) -> Handle:
        return self._engine.open({"readonly": "1"} if user.reads_only else None)

    async def _prepare(self, request: web.Request, handle: Handle) -> None:
        query = request.query
        database = query.get("database") or request.headers.get("X-ClickHouse-Database")
        if database:
            await self._in_thread(handle.use, database)
        settings = {
            name: value for name, value in query.items() if name not in OURS and not name.startswith("param_")
        }
        if settings:
            await self._in_thread(handle.set, settings)

    def _end_old_sessions(self) -> None:
        now = time.monotonic()
        for place, session in list(self._sessions.items()):
            if now - session.used > SESSION_SECONDS and not session.lock.locked():
                del self._sessions[place]
                session.handle.close()

    async def _in_thread(self, work: Work, *arguments: Any) -> Any:
        return await asyncio.get_running_loop().run_in_executor(self._threads, work, *arguments)

    # Answers -------------------------------------------------------------------------------------

    async def _insert(self, request: web.Request, handle: Handle, asked: Asked) -> web.Response:
        assert asked.insert is not None
        began = time.monotonic()
        inserter = await self._in_thread(handle.insert, asked.insert.head, asked.insert.format)
        try:
            async for piece in asked.data:
                if piece:
                    await self._in_thread(inserter.append, piece)
        except BaseException:
            await self._in_thread(inserter.cancel)
            raise
        done = await self._in_thread(inserter.finish)
        summary = (
            f'{{"read_rows":"0","read_bytes":"0","written_rows":"{done.rows_written}",'
            f'"written_bytes":"{done.bytes_written}","elapsed_ns":"{int((time.monotonic() - began) * 1e9)}"}}'
        )
        return web.Response(headers={**_headers(request), "X-ClickHouse-Summary": summary})

    async def _read(self, request: web.Request, handle: Handle, asked: Asked) -> web.StreamResponse:
        form = (
            format_of(asked.query)
            or request.query.get("default_format")
            or request.headers.get("X-ClickHouse-Format")
            or "TabSeparated"
        )
        parameters = {
            name.removeprefix("param_"): value
            for name, value in request.query.items()
            if name.startswith("param_")
        }
        pieces = handle.read(asked.query, form, parameters)
        first = await self._in_thread(next, pieces, None)
        answer = _Answer(request, form)
        await answer.begin()
        piece = first
        try:
            while piece is not None:
                await answer.write(piece)
                piece = await self._in_thread(next, pieces, None)
        except EngineError as error:
            await answer.write_error(error)
        return await answer.end()


class _Answer:
    """A result on its way. An error behind its first piece is told in it, marked by its own tag."""

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


async def _ok(request: web.Request) -> web.Response:
    return web.Response(text="Ok.\n")


def _headers(request: web.Request) -> dict[str, str]:
    return {
        "X-ClickHouse-Query-Id": request.query.get("query_id") or str(uuid.uuid4()),
        "X-ClickHouse-Timezone": "UTC",
        "X-ClickHouse-Server-Display-Name": "ghostfill",
    }


def _failed(request: web.Request, error: EngineError) -> web.Response:
    return web.Response(
        text=f"{error}\n",
        status=STATUS.get(error.code, 500),
        headers={**_headers(request), "X-ClickHouse-Exception-Code": str(error.code)},
    )


def _credentials(request: web.Request) -> tuple[str, str]:
    """In the order in which ClickHouse looks for them."""
    headers, query = request.headers, request.query
    if "X-ClickHouse-User" in headers or "X-ClickHouse-Key" in headers:
        return headers.get("X-ClickHouse-User", DEFAULT), headers.get("X-ClickHouse-Key", "")
    if "Authorization" in headers:
        try:
            given = BasicAuth.decode(headers["Authorization"])
        except ValueError as error:
            raise RefusedError(f"the header Authorization: {error}") from error
        return given.login or DEFAULT, given.password
    return query.get("user") or DEFAULT, query.get("password", "")


async def _asked(request: web.Request) -> Asked:
    """The statement stands in the parameter `query`, in the body, or begins there and goes on here."""
    text = request.query.get("query", "")
    method = request.headers.get("Content-Encoding", "").lower()
    if method:
        try:
            pieces = _of(decompress(await request.read(), method))
        except UnknownCompressionError as error:
            raise EngineError(f"Code: {UNKNOWN_COMPRESSION}. DB::Exception: {error}") from error
    else:
        pieces = request.content.iter_chunked(PIECE)
    insert = insert_of(text)
    if insert is not None:
        return Asked(text, insert, _before(insert.data.encode(), pieces))
    return await _asked_in_body(text, pieces)


async def _asked_in_body(text: str, pieces: AsyncIterator[bytes]) -> Asked:
    body = b""
    async for piece in pieces:
        body += piece
        if len(body) >= HEAD and insert_of(text + _text(body[:HEAD])) is not None:
            break
    head = text + ("\n" if text and body else "") + _text(body[:HEAD])
    insert = insert_of(head)
    if insert is None:
        return Asked(head + _text(body[HEAD:]), None, _of(b""))
    data = insert.data.encode("utf-8", "surrogateescape") + body[HEAD:]
    return Asked(head, insert, _before(data, pieces))


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
