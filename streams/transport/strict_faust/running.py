"""Running Faust apps in an event loop that is already there, without Faust's command line.

Rules of this file: SIGTERM and SIGINT end cleanly: offsets are committed and the group is left. A stop that
takes too long ends the process, and nothing is lost by that.
"""

import asyncio
import contextlib
import signal
from collections.abc import AsyncIterator, Callable, Iterator, Sequence

from streams.transport.contract.crash import die, in_words, or_die
from streams.transport.contract.fence import FENCE
from streams.transport.strict_faust.app import App

STOP_SECONDS = 20.0
READY_SECONDS = 0.05


async def run_apps(*apps: App, ready: Callable[[], None] = lambda: None) -> None:
    """Run until a signal says to stop; `ready` is called when all of them read."""
    with stop_signal() as stop:
        async with running(*apps):
            telling = asyncio.create_task(or_die(_tell_when_reading(apps, ready)))
            await stop.wait()
            telling.cancel()


async def _tell_when_reading(apps: Sequence[App], ready: Callable[[], None]) -> None:
    while not all(app.is_reading for app in apps):
        await asyncio.sleep(READY_SECONDS)
    ready()


@contextlib.contextmanager
def stop_signal() -> Iterator[asyncio.Event]:
    """Set when somebody asks the process to stop."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    try:
        yield stop
    finally:
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(number)


@contextlib.asynccontextmanager
async def running(*apps: App, fenced: bool = True) -> AsyncIterator[None]:
    """Apps that run inside the block. They start while the block already runs, and stop last first.

    `fenced`: the process ends rather than send anything when its event loop has stood still.
    """
    async with FENCE.ticking() if fenced else contextlib.nullcontext():
        starting = [asyncio.create_task(_start(app)) for app in apps]
        try:
            yield
        finally:
            try:
                async with asyncio.timeout(STOP_SECONDS):
                    for app in reversed(apps):
                        await app.stop()
            except TimeoutError:
                die(f"it did not stop within {STOP_SECONDS:g} s")
            for task in starting:
                task.cancel()
            await asyncio.gather(*starting, return_exceptions=True)


async def _start(app: App) -> None:
    try:
        await app.start()
    except Exception as error:
        die(f"{app.conf.id} could not start: {in_words(error)}")
