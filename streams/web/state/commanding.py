"""What a person asks for: sent, and the decisions awaited that the follower sees.

Rules of this file: a command bears the time of its account's market, as far as that is known; whoever does
not wait gets the id only.
"""

import asyncio
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import msgspec

from schemas.checks import check
from schemas.codec import encode
from schemas.errors import MessageError
from schemas.kinds import key_of, topic_of
from schemas.messages import Command, CommandKind, Decision, Message, Signal
from streams.clients.commands import market_of, new_command, timed
from streams.clients.kafka import HURRIED, MARKET, Sender
from streams.clients.workers import reached
from streams.engine.model.state import AccountState
from streams.transport.kafka.cluster import Cluster, ClusterError
from streams.web.state.live_state import Event, LiveState

WEB = "web"
"""Who sends, in ids."""
MOST_WAITING = 5_000
MOST_BYTES = 900_000
"""Kafka takes no message that is much larger."""
LOOK_S = 0.05
SOON = {**HURRIED, "delivery.timeout.ms": 10_000}
"""A person waits for it."""


class BusyError(Exception):
    """So many wait already that one more would not help."""


class Commander:
    """Sends for everybody."""

    def __init__(self, cluster: Cluster, live: LiveState) -> None:
        self.live = live
        self._cluster = cluster
        self._sender: Sender | None = None
        self._failed = 0.0, ""
        """When Kafka last did not take something, and why."""
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="commands")
        self._waiting: dict[str, list[asyncio.Queue[Decision]]] = {}
        live.listeners.append(self._listen)

    async def command(self, account: str, kind: CommandKind, wait_s: float, **fields: Any) -> "Outcome":
        """A command, and what was decided of it within the time."""
        (found,) = await self.commands([new_command(account, kind, by=WEB, **fields)], wait_s)
        return found

    async def open(self, account: str, settings: str, wait_s: float) -> "Outcome":
        """A new account; who waits for it can ask for it."""
        end = time.monotonic() + wait_s
        found = await self.command(account, "create", wait_s, settings=settings)
        if any(each.decision == "accepted" for each in found.decisions):
            while account not in self.live.accounts and time.monotonic() < end:
                await asyncio.sleep(LOOK_S)
        return found

    async def commands(self, commands: Sequence[Command], wait_s: float) -> "list[Outcome]":
        """Several, sent together."""
        for command in commands:
            check(command)
        ids = [command.command_id for command in commands]
        with self._listening(ids) as queues:
            await self._send(
                [timed(command, self._time_in(self._market_of(command))) for command in commands]
            )
            end = time.monotonic() + wait_s
            return [
                Outcome(id_, await _gathered(queue, end, bool))
                for id_, queue in zip(ids, queues, strict=True)
            ]

    async def signal(self, signal: Signal, wait_s: float) -> "Outcome":
        """A signal, and what each account that follows it has decided within the time."""
        check(signal)
        followers = self.followers(signal.source)
        with self._listening([signal.signal_id]) as (queue,):
            await self._send([signal])
            end = time.monotonic() + (wait_s if followers else 0)
            found = await _gathered(queue, end, lambda told: {each.account for each in told} >= followers)
            return Outcome(signal.signal_id, found)

    def followers(self, source: str) -> set[str]:
        """The accounts that decide on what a source says."""
        return {name for name, state in self.live.accounts.items() if _follows(state, source)}

    def is_followed(self, source: str) -> bool:
        return any(_follows(state, source) for state in self.live.accounts.values())

    @contextmanager
    def _listening(self, ids: Sequence[str]) -> "Iterator[list[asyncio.Queue[Decision]]]":
        """A queue for the decisions of each id."""
        if len(self._waiting) + len(ids) > MOST_WAITING:
            raise BusyError(f"{MOST_WAITING} requests wait for decisions already; ask again, without `wait`")
        queues: list[asyncio.Queue[Decision]] = [asyncio.Queue() for _ in ids]
        for id_, queue in zip(ids, queues, strict=True):
            self._waiting.setdefault(id_, []).append(queue)
        try:
            yield queues
        finally:
            for id_, queue in zip(ids, queues, strict=True):
                self._waiting[id_].remove(queue)
                if not self._waiting[id_]:
                    del self._waiting[id_]

    async def _send(self, messages: Sequence[Message]) -> None:
        """Returns when Kafka has them."""
        values = [encode(message) for message in messages]
        for value in values:
            if len(value) > MOST_BYTES:
                raise MessageError("message", f"{len(value)} bytes", f"{MOST_BYTES} at most")
        raws = [
            (topic_of(message), key_of(message), value)
            for message, value in zip(messages, values, strict=True)
        ]
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(self._pool, self._send_now, raws, time.monotonic())

    def _send_now(self, raws: Sequence[tuple[str, bytes, bytes]], asked: float) -> None:
        failed, why = self._failed
        if asked < failed:  # it waited in vain already, behind another
            raise ClusterError(why)
        if self._sender is None:
            self._sender = Sender(self._cluster, SOON)
        try:
            for raw in raws:
                self._sender.send(*raw)
            self._sender.finish()
        except BaseException as error:
            self._sender, self._failed = None, (time.monotonic(), str(error))
            raise

    def _listen(self, events: list[Event]) -> None:
        if not self._waiting:
            return
        for event in events:
            decision = event.message
            if isinstance(decision, Decision) and decision.decision != "late":
                for queue in self._waiting.get(decision.command_id or decision.signal_id or "", ()):
                    queue.put_nowait(decision)

    def _time_in(self, market: str) -> int:
        workers, heard = self.live.workers.values(), self.live.heard_until
        return reached(workers, market, heard) or self.live.times.get(market, 0)

    def _market_of(self, command: Command) -> str:
        if command.kind == "create":
            return market_of(command.settings)
        state = self.live.accounts.get(command.account)
        return state.versions[-1].market if state is not None else MARKET

    def close(self) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)


class Outcome(msgspec.Struct, frozen=True):
    """What was asked, and what became of it so far."""

    id: str
    decisions: list[Decision]


async def _gathered(
    queue: "asyncio.Queue[Decision]", end: float, is_enough: Callable[[list[Decision]], bool]
) -> list[Decision]:
    found: dict[str, Decision] = {}
    while (left := end - time.monotonic()) > 0 and not (found and is_enough(list(found.values()))):
        try:
            decision = await asyncio.wait_for(queue.get(), left)
        except TimeoutError:
            break
        found[decision.decision_id] = decision
    return list(found.values())


def _follows(state: AccountState, source: str) -> bool:
    return state.status != "closed" and state.versions[-1].follows(source)
