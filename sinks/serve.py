"""Serves the folder of an embedded ClickHouse until it is told to stop.

    python -m sinks.serve --folder F --port P [--listen 127.0.0.1] [--name NAME] [--ready-file F]

Port 0 takes any that is free; the ready file says which, after the process id. It is called NAME too.

The environment has everybody's password: GHOSTFILL_CLICKHOUSE_PASSWORD that of `default`, who may do
everything, GHOSTFILL_CLICKHOUSE_READER_PASSWORD that of `reader`, who may only read.
"""

import argparse
import asyncio
import logging
import os
import signal
import sys
import time
from pathlib import Path

from aiohttp import web

from sinks.database.database import READER, SERVER_PASSWORD, SERVER_READER_PASSWORD
from sinks.engine.engine import Engine, EngineError
from sinks.server.protocol import Protocol, User

LOOPBACK = "127.0.0.1"
MOST_LINES, EVERY_S = 20, 60.0
"""Of the log: what comes over HTTP must not fill a disk."""


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--listen", default=LOOPBACK)
    parser.add_argument("--name", action="append", default=[])
    parser.add_argument("--ready-file", type=Path)
    told = parser.parse_args()
    _log_little()
    users = {
        "default": User(_password(SERVER_PASSWORD)),
        READER: User(_password(SERVER_READER_PASSWORD), reads_only=True),
    }
    try:
        engine = Engine(told.folder)
    except EngineError as error:
        sys.exit(f"{told.folder} cannot be opened: {error}")
    app = Protocol(engine, users, frozenset({told.listen, *told.name})).app()
    asyncio.run(_serve(app, told.listen, told.port, told.ready_file))


class Damper(logging.Filter):
    """Lets the first lines of a minute through."""

    def __init__(self) -> None:
        super().__init__()
        self._since, self._count = time.monotonic(), 0

    def filter(self, record: logging.LogRecord) -> bool:
        if time.monotonic() - self._since >= EVERY_S:
            self._since, self._count = time.monotonic(), 0
        self._count += 1
        if self._count == MOST_LINES:
            record.msg, record.args = f"{record.getMessage()} (what follows is left out for a minute)", ()
        return self._count <= MOST_LINES


def _log_little() -> None:
    handler = logging.StreamHandler()
    handler.addFilter(Damper())
    logging.basicConfig(handlers=[handler], level=logging.WARNING)


def _password(name: str) -> str:
    """Out of the environment, and of that of whatever this process starts."""
    found = os.environ.pop(name, "")
    if not found:
        sys.exit(f"{name} is not set: everybody needs a password")
    return found


async def _serve(app: web.Application, host: str, port: int, ready_file: Path | None) -> None:
    runner = web.AppRunner(app, access_log=None, auto_decompress=False)
    await runner.setup()
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    try:
        site = web.TCPSite(runner, host, port)
        await site.start()
        if ready_file is not None:
            _, port, *_ = runner.addresses[0]
            ready_file.write_text(f"{os.getpid()} {port}\n", "ascii")
        await stop.wait()
    finally:
        await runner.cleanup()


if __name__ == "__main__":
    main()
