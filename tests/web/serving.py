"""A real server in a thread, and a client that sends it bytes."""

import asyncio
import logging
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import uvicorn

from streams.web.guard.policy import Policy
from streams.web.guard.wire import server_options

PATIENCE_S = 30.0


@contextmanager
def served(make: Callable[[int], tuple[Any, Policy]]) -> Iterator[int]:
    """Serves what is made for the port."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
    port = listener.getsockname()[1]
    app, policy = make(port)
    logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)
    config = uvicorn.Config(app, lifespan="off", log_config=None, **server_options(policy))
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    while not server.started:
        time.sleep(0.01)
    try:
        yield port
    finally:
        server.should_exit = True
        thread.join()
        listener.close()


async def exchange(port: int, data: bytes, *, hangs_up: bool = False) -> bytes:
    """Everything that is answered until the server closes; who hangs up says that nothing more comes."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    answer = b""
    try:
        with suppress(ConnectionError):
            writer.write(data)
            if hangs_up:
                writer.write_eof()
            await writer.drain()
        with suppress(ConnectionError):
            while piece := await asyncio.wait_for(reader.read(1 << 16), PATIENCE_S):
                answer += piece
    finally:
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()
    return answer


def statuses(answer: bytes) -> list[int]:
    """Of every response in it."""
    return [int(head[:3]) for head in answer.split(b"HTTP/1.1 ")[1:]]
