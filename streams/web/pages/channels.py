"""Live pages: all who look at the same page get the same changes, which are found once.

Rules of this file: a page that nobody looks at costs nothing. A slow reader misses the changes in between
and is sent the whole page; nobody waits for it.
"""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from streams.web.instance import Instance
from streams.web.pages.views import Make, View

EVERY_S = 1.0
END = b""
BACKLOG = 4
"""At most this many changes wait for a slow reader."""


def changes(before: View | None, now: View) -> dict[str, Any]:
    """What a page that shows `before` has to do to show `now`."""
    pieces = now.pieces if before is None else _new(before.pieces, now.pieces)
    lists = {}
    for name, rows in now.lists.items():
        was = before.lists.get(name, {}) if before is not None else None
        new = rows if was is None else _new(was, rows)
        is_moved = was is None or list(was) != list(rows)
        if new or is_moved:
            lists[name] = {"rows": new, **({"order": list(rows)} if is_moved else {})}
    return {**({"pieces": pieces} if pieces else {}), **({"lists": lists} if lists else {})}


def _new(before: Mapping[str, str], now: Mapping[str, str]) -> dict[str, str]:
    return {name: text for name, text in now.items() if before.get(name) != text}


@dataclass
class Channel:
    """One page that somebody looks at."""

    make: Make
    shown: View | None = None
    watchers: set["asyncio.Queue[bytes | None]"] = field(default_factory=set)
    task: "asyncio.Task[None] | None" = None


class Channels:
    """The pages that are looked at."""

    def __init__(self, here: Instance, every_s: float = EVERY_S) -> None:
        self._here = here
        self._every_s = every_s
        self._open: dict[str, Channel] = {}

    async def watch(self, page: str, make: Make) -> AsyncIterator[bytes]:
        """The whole page, then its changes; each is a server-sent event."""
        channel = self._open.get(page)
        if channel is None:
            channel = self._open[page] = Channel(make)
            channel.task = asyncio.create_task(self._run(channel))
        queue: asyncio.Queue[bytes | None] = asyncio.Queue(BACKLOG)
        channel.watchers.add(queue)
        try:
            if channel.shown is not None:
                yield _event(changes(None, channel.shown))
            while True:
                told = await queue.get()
                if told == END:
                    return
                if told is not None:
                    yield told
                elif channel.shown is not None:
                    yield _event(changes(None, channel.shown))
        finally:
            channel.watchers.discard(queue)
            if not channel.watchers and self._open.get(page) is channel:
                del self._open[page]
                if channel.task is not None:
                    channel.task.cancel()

    async def _run(self, channel: Channel) -> None:
        try:
            while True:
                began = time.monotonic()
                self._here.health.watch()
                self._tell(channel, await channel.make(self._here))
                await asyncio.sleep(max(self._every_s / 4, self._every_s - (time.monotonic() - began)))
        except Exception:
            logging.getLogger(__name__).exception("a page could not be made")
            self._open = {page: each for page, each in self._open.items() if each is not channel}
            for queue in channel.watchers:
                _empty(queue)
                queue.put_nowait(END)

    def _tell(self, channel: Channel, view: View) -> None:
        told = _event(changes(channel.shown, view))
        channel.shown = view
        for queue in channel.watchers:
            _offer(queue, told)


def _offer(queue: "asyncio.Queue[bytes | None]", told: bytes) -> None:
    """A reader that has not taken the last ones gets the whole page instead."""
    if not queue.full():
        queue.put_nowait(told)
        return
    _empty(queue)
    queue.put_nowait(None)


def _empty(queue: "asyncio.Queue[bytes | None]") -> None:
    while not queue.empty():
        queue.get_nowait()


def _event(found: Mapping[str, Any]) -> bytes:
    """One a second, also where nothing changed: the page knows by it that it is live."""
    return b"data: " + orjson.dumps(found) + b"\n\n"
