"""Post a signal, and follow it."""

from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from schemas.codec import default_codec
from schemas.messages import Signal
from streams.agents.times import newest_of
from streams.clients.commands import time_in
from streams.web.api.common import ACCEPTED, KNOWN, OK, PROBLEM, Here, NotThereError, Wait, json, later
from streams.web.api.models import NewSignal, SignalAnswer
from streams.web.instance import Instance
from streams.web.lists.history import caused, document

router = APIRouter(prefix="/signals", tags=["signals"], responses=PROBLEM, dependencies=KNOWN)


@router.post("", response_model=SignalAnswer, responses=later(SignalAnswer))
async def post_signal(request: Request, here: Here, wanted: NewSignal, wait: Wait = 0) -> Response:
    """Publish a signal; with `wait`, answer with what each account decided."""
    given: dict[str, Any] = {
        name: value for name, value in wanted.model_dump().items() if value not in (None, [], {})
    }
    if "ts" not in given:
        given["ts"] = time_for(here, wanted.source)
    signal = default_codec().read_json("signal", given)
    assert isinstance(signal, Signal)
    found = await here.commander.signal(signal, wait)
    answer = {
        "signal_id": signal.signal_id,
        "source": signal.source,
        "followers": sorted(here.commander.followers(signal.source)),
        "decisions": [document(each) for each in found.decisions],
    }
    return json(request, answer, OK if found.decisions else ACCEPTED)


@router.get("/{signal_id}")
async def follow_signal(request: Request, here: Here, signal_id: str) -> Response:
    """A signal and all that it caused: decisions, slices, orders, fills, trades."""
    found = {
        name: await caused(here.live, here.results, listed, signal_id) for name, listed in FOLLOWED.items()
    }
    if not any(found.values()):
        raise NotThereError(f"there is no signal {signal_id}; GET /api/signals lists the newest")
    return json(request, {"signal_id": signal_id, **found})


FOLLOWED = {
    "signals": "signals",
    "decisions": "decisions",
    "slices": "slices",
    "orders": "orders",
    "fills": "fills",
    "trades": "trades",
}


def time_for(here: Instance, source: str) -> int:
    """The time of the market in which it may be traded: a recorded market is of another day."""
    markets = {here.live.accounts[name].versions[-1].market for name in here.commander.followers(source)}
    times = {market: here.live.times[market] for market in markets if here.live.times.get(market)}
    newest = max(times.values(), default=0)
    now = time_in(newest)
    return newest_of(times) if now == newest else now
