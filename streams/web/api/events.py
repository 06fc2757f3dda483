"""Events as they come: server-sent, or over a WebSocket; resumed by the id of the last one."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from http import HTTPStatus
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Header, Query, Request, WebSocket, WebSocketDisconnect
from starlette.responses import Response, StreamingResponse

from schemas.errors import MessageError
from streams.transport.kafka.cluster import ClusterError
from streams.web import problems
from streams.web.api.common import PROBLEM, Here
from streams.web.instance import Instance
from streams.web.state.events import BEGINNING, KINDS, Interest, Sent, read_id

router = APIRouter(prefix="/events", tags=["events"])
BEAT_S = 15.0
TRY_AGAIN_LATER = 1013
HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}

Accounts = Annotated[list[str], Query(alias="account", description="Only these accounts'; may be repeated.")]
Kinds = Annotated[
    list[str], Query(alias="kind", description="Only these kinds, such as fill; may be repeated.")
]


def interest(accounts: list[str], kinds: list[str], last: str | None) -> Interest:
    """What somebody wants, once all of it has been looked at."""
    if last is not None:
        read_id(last)
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
    last = last_event_id or after or None
    wanted = interest(accounts, kinds, last)
    return StreamingResponse(_lines(here, wanted, last), media_type="text/event-stream", headers=HEADERS)


async def _lines(here: Instance, wanted: Interest, last: str | None) -> AsyncIterator[bytes]:
    with suppress(ClusterError):  # a client that reconnects with the last id misses nothing
        async for sent in with_beats(here.events.follow(wanted, last)):
            yield b": beat\n\n" if sent is None else _lines_of(sent)


def _lines_of(sent: Sent) -> bytes:
    if sent.kind == BEGINNING:
        return f"id: {sent.id}\n\n".encode()
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
    last = after or None
    try:
        wanted = interest(accounts, kinds, last)
    except MessageError as error:
        detail = str(error)
        await socket.send_denial_response(
            problems.response(422, HTTPStatus(422).phrase, detail, instance=socket.url.path)
        )
        return
    await socket.accept()
    sending = asyncio.create_task(_send(socket, here, wanted, last))
    listening = asyncio.create_task(_listen(socket))
    await asyncio.wait({sending, listening}, return_when=asyncio.FIRST_COMPLETED)
    has_gone = listening.done()
    for task in (sending, listening):
        task.cancel()
    if not has_gone:
        with suppress(WebSocketDisconnect, RuntimeError):
            await socket.close(TRY_AGAIN_LATER, "reconnect with the last id")


async def _send(socket: WebSocket, here: Instance, wanted: Interest, last: str | None) -> None:
    with suppress(WebSocketDisconnect, RuntimeError, ClusterError):
        async for sent in here.events.follow(wanted, last):
            head = orjson.dumps({"id": sent.id, "event": sent.kind or None})[:-1]
            await socket.send_text((head + b',"data":' + (sent.data or b"null") + b"}").decode())


async def _listen(socket: WebSocket) -> None:
    """Until the client disconnects; what it sends is ignored."""
    while (await socket.receive())["type"] != "websocket.disconnect":
        pass
