"""Statements of read-only users: a few at once, in threads of their own, with a time limit.

Rules of this file:
- Nobody else waits for a reader. One that does not end keeps its place, and its thread, until it does.
- What is over is told to end. The engine looks up between blocks; whoever asked is answered before that.
"""

import asyncio
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web

from sinks.engine.engine import MARK, Engine, EngineError, Handle
from sinks.engine.engine_rights import Role
from sinks.rights.harmless import bounded
from sinks.rights.reading import MOST_WRITTEN

AT_ONCE = 4
WAIT_S = 10.0
"""For a place."""
GRACE_S = 2.0
"""In which the engine may end a statement by itself."""
LOOK_S = 0.25
"""How often we check whether the client still waits."""
TELL_S = 1.0
"""How often a statement is told to end."""
TOO_MANY, TIMEOUT = 202, 159


class Readers:
    """Their places."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._threads = ThreadPoolExecutor(AT_ONCE, "readers")
        self._places = asyncio.Semaphore(AT_ONCE)
        self._leaving: set[asyncio.Task[None]] = set()

    @asynccontextmanager
    async def place(self, request: web.Request, settings: Mapping[str, str]) -> AsyncIterator["ReaderSlot"]:
        """`settings` are the request's."""
        try:
            await asyncio.wait_for(self._places.acquire(), WAIT_S)
        except TimeoutError:
            raise EngineError(
                f"Code: {TOO_MANY}. DB::Exception: too many statements at once: "
                f"{AT_ONCE} of read-only users run already; try again"
            ) from None
        place = ReaderSlot(self._engine, self._threads, request, bounded(settings))
        try:
            yield place
        finally:
            leaving = asyncio.create_task(place.leave())
            self._leaving.add(leaving)
            leaving.add_done_callback(self._left)

    def _left(self, leaving: "asyncio.Task[None]") -> None:
        self._leaving.discard(leaving)
        self._places.release()

    def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)


class ReaderSlot:
    """One statement's."""

    def __init__(
        self, engine: Engine, threads: ThreadPoolExecutor, request: web.Request, settings: dict[str, str]
    ) -> None:
        self._engine, self._threads, self._request = engine, threads, request
        self._mark = uuid.uuid4().hex
        self._settings = {
            **settings, "max_query_size": str(MOST_WRITTEN), MARK: self._mark, "readonly": "1",
        }  # fmt: skip
        self._seconds = float(settings["max_execution_time"])
        self._end = time.monotonic() + self._seconds + GRACE_S
        self._handle: Handle | None = None
        self._work: asyncio.Future[Any] | None = None

    async def open(self) -> Handle:
        await self.run(self._open)
        assert self._handle is not None
        return self._handle

    def _open(self) -> None:
        self._handle = self._engine.open(Role.READER, self._settings)

    async def run(self, work: Callable[..., Any], *arguments: Any) -> Any:
        """In a thread; an error when it takes too long, or when nobody waits any more."""
        self._work = asyncio.get_running_loop().run_in_executor(self._threads, work, *arguments)
        while not self._work.done():
            await asyncio.wait([self._work], timeout=LOOK_S)
            if not self._work.done():
                self._check()
        return self._work.result()

    async def send(self, sending: Awaitable[Any]) -> Any:
        """Who reads slowly has no more time than others."""
        try:
            return await asyncio.wait_for(sending, max(0.0, self._end - time.monotonic()))
        except TimeoutError:
            if self._request.transport is not None:
                self._request.transport.abort()
            raise ConnectionResetError from None

    def _check(self) -> None:
        transport = self._request.transport
        if transport is None or transport.is_closing():
            raise ConnectionResetError
        if time.monotonic() > self._end:
            raise self._too_long()

    def _too_long(self) -> EngineError:
        most = f"maximum: {self._seconds:g} seconds"
        return EngineError(f"Code: {TIMEOUT}. DB::Exception: Timeout exceeded: {most}. (TIMEOUT_EXCEEDED)")

    async def leave(self) -> None:
        """Returns when nothing of it runs. What has hardly begun is not found yet, so it is told again."""
        while self._work is not None and not self._work.done():
            await asyncio.to_thread(self._engine.kill, self._mark)
            await asyncio.wait([self._work], timeout=TELL_S)
        if self._work is not None:
            self._work.exception()  # whoever waited for it has it, or has gone
        if self._handle is not None:
            await asyncio.get_running_loop().run_in_executor(self._threads, self._handle.close)
