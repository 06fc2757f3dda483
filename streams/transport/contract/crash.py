"""How a worker ends when something is wrong: at once and loudly. Whoever started it starts it again.

Rules of this file: nothing is tidied up. What Kafka has acknowledged is true, everything else is done again.
An end that nobody asked for is an error, and what is broken may keep whoever closes it waiting for ever.
"""

import asyncio
import os
import sys
from collections.abc import Awaitable
from typing import NoReturn, TypeVar

from aiokafka.errors import KafkaConnectionError

EXIT_CODE = 70
"""EX_SOFTWARE."""

_Result = TypeVar("_Result")


def in_words(error: BaseException) -> str:
    if isinstance(error, KafkaConnectionError):
        return f"no Kafka answers ({error}): look at KAFKA_BOOTSTRAP, and whether it runs"
    return f"{type(error).__name__}: {error}"


def die(sentence: str) -> NoReturn:
    """End the process now; the sentence says to a person what went wrong."""
    try:
        if sys.__stderr__ is not None:
            sys.__stderr__.write(f"ghostfill stopped: {sentence}\n")
            sys.__stderr__.flush()
    finally:  # its log may lie on a full disk
        os._exit(EXIT_CODE)


class UnaskedEndError(Exception):
    """What was to go on was cancelled, and not by us: some clients cancel what waits for them."""


async def unless_unasked(work: Awaitable[_Result]) -> _Result:
    """What it gives; a cancellation that nobody asked this task for is an error like any other."""
    try:
        return await work
    except asyncio.CancelledError as error:
        task = asyncio.current_task()
        if task is not None and task.cancelling():
            raise
        raise UnaskedEndError("its client gave up what it waited for, as after a loss of Kafka") from error


async def or_die(work: Awaitable[object], what: str = "") -> None:
    """The process ends with it, unless it ends well or is cancelled by us."""
    try:
        await unless_unasked(work)
    except Exception as error:
        die(f"{what}: {in_words(error)}" if what else in_words(error))


def must_end_within(seconds: float, what: str) -> asyncio.TimerHandle:
    """The process ends if nobody cancels this in time."""
    return asyncio.get_running_loop().call_later(seconds, die, f"{what} did not stop within {seconds:g} s")
