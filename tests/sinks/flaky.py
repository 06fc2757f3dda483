"""A way to ClickHouse that loses answers, cuts requests and sends them twice.

Rules of this file: what it does to a request is decided by `mood` when the request has come; only inserts suffer.
"""

import asyncio
import io
import random
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from aiohttp import ClientError, ClientSession, web

HOP = frozenset({"transfer-encoding", "content-length", "connection", "host", "keep-alive"})


class Flaky:
    """Listens on `port` of 127.0.0.1 and passes on to `target`, a port there too."""

    def __init__(self, target: int, seed: int = 1) -> None:
        self.target = target
        self.port = 0
        self.moods: dict[str, float] = {}
        """How likely each trouble is: lost, cut, twice."""
        self.done: Counter[str] = Counter()
        self._dice = random.Random(seed)
        self._loop = asyncio.new_event_loop()

    async def start(self) -> None:
        self._session = ClientSession(auto_decompress=False)
        app = web.Application(client_max_size=1 << 30)
        app.router.add_route("*", "/{path:.*}", self._pass)
        self._runner = web.AppRunner(app, access_log=None, auto_decompress=False)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self.port).start()
        self.port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        await self._runner.cleanup()
        await self._session.close()

    def _trouble(self, request: web.Request) -> str | None:
        if "INSERT" not in request.query.get("query", ""):
            return None
        drawn = self._dice.random()
        for name, chance in self.moods.items():
            drawn -= chance
            if drawn < 0:
                self.done[name] += 1
                return name
        return None

    async def _pass(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        trouble = self._trouble(request)
        if trouble == "cut":
            body = body[: len(body) // 2]
        try:
            for _ in range(2 if trouble == "twice" else 1):
                answer = await self._ask(request, body, whole=trouble != "cut")
        except (ClientError, OSError):
            trouble = "gone"
        if trouble in ("lost", "cut", "gone"):
            assert request.transport is not None
            request.transport.abort()
            return web.Response()
        return answer

    async def _ask(self, request: web.Request, body: bytes, *, whole: bool) -> web.Response:
        headers = {name: value for name, value in request.headers.items() if name.lower() not in HOP}
        if not whole:
            return await self._send_half(request, headers, body)
        url = f"http://127.0.0.1:{self.target}{request.path_qs}"
        async with self._session.request(
            request.method, url, data=io.BytesIO(body), headers=headers
        ) as found:
            kept = {name: value for name, value in found.headers.items() if name.lower() not in HOP}
            return web.Response(body=await found.read(), status=found.status, headers=kept)

    async def _send_half(self, request: web.Request, headers: dict[str, str], body: bytes) -> web.Response:
        """The beginning of a request that says it is longer."""
        _, writer = await asyncio.open_connection("127.0.0.1", self.target)
        said = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        head = (
            f"POST {request.path_qs} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {2 * len(body) + 9}\r\n"
        )
        writer.write(f"{head}{said}\r\n".encode() + body)
        await writer.drain()
        writer.close()
        return web.Response()


@contextmanager
def flaky(target: int, seed: int = 1) -> Iterator[Flaky]:
    found = Flaky(target, seed)
    loop = found._loop
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    asyncio.run_coroutine_threadsafe(found.start(), loop).result(10)
    try:
        yield found
    finally:
        asyncio.run_coroutine_threadsafe(found.stop(), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()
