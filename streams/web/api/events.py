"""Events as they come: server-sent, or over a WebSocket; resumed by the id of the last one."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Header, Query, Request, WebSocket, WebSocketDisconnect
from starlette.responses import Response, StreamingResponse

from schemas.errors import MessageError
from schemas.kinds import KINDS
from streams.web.api.common import PROBLEM, Here
from streams.web.events import Interest, Sent, read_id
from streams.web.instance import Instance

router = APIRouter(prefix="/events", tags=["events"])
BEAT_S = 15.0
HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}

Accounts = Annotated[list[str], Query(alias="account", description="Only these accounts'; may be repeated.")]
Kinds = Annotated[
    list[str], Query(alias="kind", description="Only these kinds, such as fill; may be repeated.")
]


def interest(accounts: list[str], kinds: list[str]) -> Interest:
    for kind in kinds:
        if kind not in KINDS:
            raise MessageError("kind", repr(kind), f"one of {', '.join(KINDS)}")
    return Interest(frozenset(accounts), frozenset(kinds))


@router.get(
    "", response_class=StreamingResponse, responses={**PROBLEM, 200: {"content": {"text/event-stream": {}}}}
)
async def server_sent(
    request: Request,
    here: Here,
    accounts: Accounts = [],  # noqa: B006
    kinds: Kinds = [],  # noqa: B006
    last_event_id: Annotated[str | None, Header()] = None,
    after: Annotated[str | None, Query(description="The id of the last event that was read.")] = None,
) -> Response:
    """Everything that happens from now on, or after an event."""
    last = last_event_id or after
    if last is not None:
        read_id(last)
    wanted = interest(accounts, kinds)
    return StreamingResponse(_lines(here, wanted, last), media_type="text/event-stream", headers=HEADERS)


async def _lines(here: Instance, wanted: Interest, last: str | None) -> AsyncIterator[bytes]:
    yield b": events\n\n"
    async for sent in with_beats(here.events.follow(wanted, last)):
        yield b": beat\n\n" if sent is None else _line(sent)


def _line(sent: Sent) -> bytes:
    return f"id: {sent.id}\nevent: {sent.kind}\ndata: ".encode() + sent.data + b"\n\n"


async def with_beats(found: AsyncIterator[Any], every_s: float = BEAT_S) -> AsyncIterator[Any]:
    """The same, and None where nothing came for a while."""
    waiting: asyncio.Future[Any] | None = None
    try:
        while True:
            waiting = waiting or asyncio.ensure_future(anext(found))
            done, _ = await asyncio.wait({waiting}, timeout=every_s)
            if not done:
                yield None
                continue
            try:
                item = waiting.result()
            except StopAsyncIteration:
                return
            waiting = None
            yield item
    finally:
        if waiting is not None:
            waiting.cancel()
            with suppress(asyncio.CancelledError, StopAsyncIteration):
                await waiting


@router.websocket("/ws")
async def over_websocket(
    socket: WebSocket,
    accounts: Accounts = [],  # noqa: B006
    kinds: Kinds = [],  # noqa: B006
    after: str | None = None,
) -> None:
    """The same over a WebSocket: a JSON object an event, with its id."""
    here: Instance = socket.app.state.instance
    try:
        wanted = interest(accounts, kinds)
        if after is not None:
            read_id(after)
    except MessageError as error:
        await socket.close(1008, str(error)[:120])
        return
    await socket.accept()
    sending = asyncio.create_task(_send(socket, here, wanted, after))
    with suppress(WebSocketDisconnect):
        while True:
            await socket.receive_text()
    sending.cancel()


async def _send(socket: WebSocket, here: Instance, wanted: Interest, last: str | None) -> None:
    with suppress(WebSocketDisconnect, RuntimeError):
        async for sent in here.events.follow(wanted, last):
            head = orjson.dumps({"id": sent.id, "event": sent.kind})[:-1]
            await socket.send_text((head + b',"data":' + sent.data + b"}").decode())
