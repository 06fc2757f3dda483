"""A wire that can be slow, blocked or cut: a TCP proxy between clients and a broker.

Rules of this file: a broker whose advertised port is the proxy's is reached through it alone. Faults are set
from any thread, while it runs.
"""

import asyncio
import contextlib
import threading
from collections.abc import Coroutine, Iterable, Iterator
from pathlib import Path
from typing import Any

from streams.local.kafka.kafka import Kafka
from tests.broker import running_kafka, skip_without_kafka

PIECE = 1 << 16


class Proxy:
    """Listens on `port` of 127.0.0.1 and passes on to `target`, a port there too."""

    def __init__(self) -> None:
        self.latency = 0.0
        """Seconds that bytes take, each way."""
        self.target: int | None = None
        self.port = 0
        self._flows = asyncio.Event()
        self._lets_in = True
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def start(self) -> None:
        self._thread.start()
        self._run(self._listen())

    def stop(self) -> None:
        self._run(self._close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def stall(self) -> None:
        """Nothing passes until `flow`; connections stay open."""
        self._loop.call_soon_threadsafe(self._flows.clear)

    def flow(self) -> None:
        self._loop.call_soon_threadsafe(self._flows.set)

    def cut(self) -> None:
        """Every connection breaks; new ones may be made."""
        self._run(self._cut())

    def shut(self) -> None:
        """Every connection breaks, and new ones do until `open`."""
        self._lets_in = False
        self.cut()

    def open(self) -> None:
        self._lets_in = True

    def _run(self, work: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result()

    async def _listen(self) -> None:
        self._flows.set()
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def _close(self) -> None:
        self._server.close()
        await self._end(asyncio.all_tasks() - {asyncio.current_task()})

    async def _cut(self) -> None:
        for writer in self._writers:
            writer.transport.abort()
        self._writers.clear()
        await self._end(self._tasks)

    async def _end(self, tasks: Iterable["asyncio.Task[Any]"]) -> None:
        """Whoever is destroyed while it waits complains, in whichever test runs then."""
        ending = list(tasks)
        for task in ending:
            task.cancel()
        await asyncio.gather(*ending, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if not self._lets_in:
            writer.transport.abort()
            return
        try:
            there, back = await asyncio.open_connection("127.0.0.1", self.target)
        except OSError:
            writer.transport.abort()
            return
        self._writers |= {writer, back}
        for source, sink in ((reader, back), (there, writer)):
            task = asyncio.create_task(self._pass_on(source, sink))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _pass_on(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        """Every piece arrives `latency` after it was sent, however many are under way."""
        under_way: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()
        async with asyncio.TaskGroup() as group:
            group.create_task(self._deliver(under_way, sink))
            with contextlib.suppress(OSError):
                while piece := await source.read(PIECE):
                    under_way.put_nowait((self._loop.time() + self.latency, piece))
            under_way.put_nowait((0.0, b""))

    async def _deliver(
        self, under_way: "asyncio.Queue[tuple[float, bytes]]", sink: asyncio.StreamWriter
    ) -> None:
        with contextlib.suppress(OSError):
            while True:
                due, piece = await under_way.get()
                await asyncio.sleep(max(0.0, due - self._loop.time()))
                await self._flows.wait()
                if not piece:
                    break
                sink.write(piece)
                await sink.drain()
        self._writers.discard(sink)
        sink.close()


@contextlib.contextmanager
def kafka_behind_proxy(folder: Path, **options: Any) -> Iterator[tuple[Kafka, Proxy]]:
    """A broker that is reached through a proxy."""
    skip_without_kafka()
    proxy = Proxy()
    proxy.start()
    try:
        with running_kafka(folder, advertised_port=proxy.port, **options) as kafka:
            proxy.target = kafka.port
            yield kafka, proxy
    finally:
        proxy.stop()
