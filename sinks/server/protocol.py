"""ClickHouse's HTTP protocol over the engine: what ClickHouse clients, curl and Grafana speak.

Rules of this file:
- Everybody has a password. What a browser sends for a page of another site is refused.
- A GET only reads, whoever sends it, and so does the user `reader`. What they may ask `reading` says.
- A request has a session of its own, or the one that its `session_id` names.
- Statements run in threads; the event loop never waits for one, and nobody waits for a read-only one.
"""

import asyncio
import hmac
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

from aiohttp import web

from sinks.engine.engine import Engine, EngineError, Handle
from sinks.engine.engine_rights import Role
from sinks.rights.harmless import READ_ONLY, NotAllowedError, check_database, check_settings
from sinks.rights.reading import Reading
from sinks.server import go_driver
from sinks.server.answers import AUTHENTICATION_FAILED, HttpAnswer, failed, ok, written
from sinks.server.readers import Readers
from sinks.server.requests import (
    RefusedRequestError,
    asked,
    credentials,
    database_of,
    default_format,
    parameters_of,
    result_format,
    settings_of,
)
from sinks.server.statements import Insert, names_a_file

THREADS = 8
MAX_BODY = 1 << 30
SESSION_SECONDS = 60.0
CLIENT_WENT = 499
"""Nobody gets this answer."""
SESSION_LOCKED, NO_FILES, NOT_ENOUGH_SPACE = 373, 344, 243
OUR_PAGES = frozenset({"same-origin", "none"})
"""Of `Sec-Fetch-Site`: this server's own, and what a person typed."""
USUAL_NAMES = frozenset({"localhost"})

Work = Callable[..., Any]
Run = Callable[..., Awaitable[Any]]
Send = Callable[[Awaitable[Any]], Awaitable[Any]]
Data = AsyncIterator[bytes]


@dataclass(frozen=True)
class User:
    """Who may come in, and what for."""

    password: str
    reads_only: bool = False

    def __post_init__(self) -> None:
        if not self.password:
            raise ValueError("a user needs a password")


@dataclass
class HttpSession:
    """A handle that outlives its requests."""

    handle: Handle
    used: float
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)


class Protocol:
    """The server's answers. `names`: what it may be called, besides localhost and any address."""

    def __init__(
        self, engine: Engine, users: Mapping[str, User], names: frozenset[str] = frozenset()
    ) -> None:
        self._engine = engine
        self._users = users
        self._names = USUAL_NAMES | names
        self._reading = Reading(engine)
        self._readers = Readers(engine)
        self._sessions: dict[tuple[str, str], HttpSession] = {}
        self._threads = ThreadPoolExecutor(THREADS, "engine")

    def app(self) -> web.Application:
        app = web.Application(client_max_size=MAX_BODY)
        for path in ("/ping", "/replicas_status"):
            app.router.add_get(path, ok, allow_head=False)
        app.router.add_get("/", self.answer, allow_head=False)
        app.router.add_post("/", self.answer)
        app.on_cleanup.append(self._close)
        return app

    async def _close(self, app: web.Application) -> None:
        for session in self._sessions.values():
            session.handle.close()
        self._threads.shutdown(cancel_futures=True)
        self._readers.close()
        self._reading.close()
        self._engine.close()

    async def answer(self, request: web.Request) -> web.StreamResponse:
        try:
            self._refuse_strangers(request)
            if request.method == "GET" and not request.query_string:
                return await ok(request)  # as any ClickHouse, to who asks nothing
            name, user = self._who(request)
            only_asks = user.reads_only or request.method != "POST"
            wanted = await asked(request, only_asks=only_asks)
            if not wanted.query.strip():
                return await ok(request)
            if go_driver.is_hello(request, wanted.query):
                return await self._greet(request)
            if only_asks:
                return await self._answer_reader(request, wanted.query)
            if names_a_file(wanted.statement):
                raise EngineError(f"Code: {NO_FILES}. DB::Exception: there are no files over HTTP")
            async with self._session(request, name) as handle:
                if wanted.insert is not None:
                    return await self._insert(request, handle, wanted.insert, wanted.data)
                return await self._read(request, handle, wanted.query, result_format(request, wanted.query))
        except RefusedRequestError as error:
            return failed(request, EngineError(f"Code: {AUTHENTICATION_FAILED}. DB::Exception: {error}"))
        except NotAllowedError as error:
            return failed(request, EngineError(f"Code: {READ_ONLY}. DB::Exception: {error}"))
        except EngineError as error:
            return failed(request, error)
        except ConnectionError:
            return web.Response(status=CLIENT_WENT)

    # Who is there --------------------------------------------------------------------------------

    def _refuse_strangers(self, request: web.Request) -> None:
        """A page of elsewhere that a browser shows must not speak for the person before it.

        It may have let its own name lead to us; an address leads nowhere else.
        """
        host = request.host.rsplit(":", 1)[0] if not request.host.endswith("]") else request.host
        if host not in self._names and not _is_address(host):
            raise RefusedRequestError(f"this server is not called {host}")
        site = request.headers.get("Sec-Fetch-Site")
        if site is not None and site not in OUR_PAGES:
            raise RefusedRequestError(f"pages of other sites may not ask here: Sec-Fetch-Site is {site}")
        origin = request.headers.get("Origin")
        if origin is not None and origin.partition("://")[2] != request.host:
            raise RefusedRequestError(f"pages of {origin} may not ask this server")

    def _who(self, request: web.Request) -> tuple[str, User]:
        name, password = credentials(request)
        user = self._users.get(name)
        if user is None or not hmac.compare_digest(
            user.password.encode(), password.encode(errors="surrogateescape")
        ):
            raise RefusedRequestError(f"{name}: password is incorrect, or there is no user with such name")
        return name, user

    # Sessions ------------------------------------------------------------------------------------

    async def _greet(self, request: web.Request) -> web.StreamResponse:
        about = await self._in_thread(self._about)
        return await self._answer(
            request, "Native", iter([go_driver.hello(request, *about)]), self._in_thread, _send
        )

    def _about(self) -> tuple[str, str]:
        handle = self._engine.open(Role.READER)
        try:
            version, timezone = handle.command(go_driver.ABOUT).decode().split()
            return version, timezone
        finally:
            handle.close()

    async def _answer_reader(self, request: web.Request, query: str) -> web.StreamResponse:
        """Nothing that it asks for could outlive the request, so it has a session of its own."""
        database = database_of(request)
        check_database(database)
        settings, parameters = settings_of(request), parameters_of(request)
        check_settings(settings)
        async with self._readers.place(request, settings) as place:
            statement = await place.run(self._reading.allowed, query, parameters, database)
            handle = await place.open()
            if database:
                await place.run(handle.use, database)
            form = statement.format or default_format(request)
            pieces = handle.read(statement.text, form, parameters)
            return await self._answer(request, form, pieces, place.run, place.send)

    @asynccontextmanager
    async def _session(self, request: web.Request, name: str) -> AsyncIterator[Handle]:
        wanted = request.query.get("session_id")
        if wanted is None:
            handle = await self._in_thread(self._engine.open)
            try:
                await self._prepare(request, handle)
                yield handle
            finally:
                await self._in_thread(handle.close)
            return
        self._end_old_sessions()
        session = self._sessions.get((name, wanted))
        if session is None:
            session = self._sessions[name, wanted] = HttpSession(self._engine.open(), time.monotonic())
        if session.lock.locked():
            raise EngineError(f"Code: {SESSION_LOCKED}. DB::Exception: Session {wanted} is locked by a query")
        async with session.lock:
            try:
                await self._prepare(request, session.handle)
                yield session.handle
            finally:
                session.used = time.monotonic()

    async def _use_database(self, request: web.Request, handle: Handle) -> None:
        if database := database_of(request):
            await self._in_thread(handle.use, database)

    async def _prepare(self, request: web.Request, handle: Handle) -> None:
        await self._use_database(request, handle)
        if settings := settings_of(request):
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

    async def _insert(self, request: web.Request, handle: Handle, insert: Insert, data: Data) -> web.Response:
        began = time.monotonic()
        with NamedTemporaryFile(dir=self._engine.incoming) as file:
            try:
                async for piece in data:
                    await self._in_thread(file.write, piece)
                await self._in_thread(file.flush)
            except ConnectionError:
                raise
            except OSError as error:
                raise EngineError(f"Code: {NOT_ENOUGH_SPACE}. DB::Exception: {error}") from error
            head, settings, form, _ = insert
            done = await self._in_thread(handle.insert, head, settings, form, Path(file.name))
        return written(request, done, began)

    async def _read(self, request: web.Request, handle: Handle, query: str, form: str) -> web.StreamResponse:
        pieces = handle.read(query, form, parameters_of(request))
        return await self._answer(request, form, pieces, self._in_thread, _send)

    async def _answer(
        self, request: web.Request, form: str, pieces: Iterator[bytes], run: Run, send: Send
    ) -> web.StreamResponse:
        piece = await run(next, pieces, None)
        answer = HttpAnswer(request, form)
        await answer.begin()
        try:
            while piece is not None:
                await send(answer.write(piece))
                piece = await run(next, pieces, None)
        except EngineError as error:
            await send(answer.write_error(error))
        ended: web.StreamResponse = await send(answer.end())
        return ended


async def _send(sending: Awaitable[Any]) -> Any:
    return await sending


def _is_address(host: str) -> bool:
    try:
        return bool(ip_address(host.strip("[]")))
    except ValueError:
        return False
