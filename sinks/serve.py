"""Serves the folder of an embedded ClickHouse until it is told to stop.

    python -m sinks.serve --folder F --port P [--listen 127.0.0.1] [--ready-file F]

Port 0 is any that is free; the ready file says which, behind the process's number.

Beyond loopback GHOSTFILL_CLICKHOUSE_PASSWORD must be set: it is the password of `default`, who may do
everything, and of `reader`, who may only read.
"""

import argparse
import asyncio
import os
import signal
import sys
from ipaddress import ip_address
from pathlib import Path

from aiohttp import web

from sinks.engine import Engine, EngineError
from sinks.protocol import Protocol, User

LOOPBACK = "127.0.0.1"
PASSWORD = "GHOSTFILL_CLICKHOUSE_PASSWORD"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--listen", default=LOOPBACK)
    parser.add_argument("--ready-file", type=Path)
    told = parser.parse_args()
    password = os.environ.get(PASSWORD, "")
    if not ip_address(told.listen).is_loopback and not password:
        sys.exit(f"{told.listen} is reached from other machines: set {PASSWORD}")
    users = {"default": User(password), "reader": User(password, reads_only=True)}
    try:
        engine = Engine(told.folder)
    except EngineError as error:
        sys.exit(f"{told.folder} cannot be opened: {error}")
    app = Protocol(engine, users, frozenset({told.listen})).app()
    asyncio.run(_serve(app, told.listen, told.port, told.ready_file))


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
