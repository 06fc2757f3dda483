"""How it runs: health for orchestrators, metrics for Prometheus, the condition for people."""

from typing import Any

from fastapi import APIRouter, Request
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from starlette.responses import PlainTextResponse, Response

from schemas.text.numbers import decimal_text
from streams.web.api.common import OK, PROBLEM, REFUSED, Here, json
from streams.web.api.metrics import Metrics
from streams.web.api.models import Ready

health = APIRouter(tags=["system"], responses=REFUSED)
router = APIRouter(tags=["system"], responses=PROBLEM)


@health.get("/healthz", response_class=PlainTextResponse)
async def healthz() -> Response:
    """Whether this process answers."""
    return PlainTextResponse("ok\n")


@health.get("/readyz", response_model=Ready, responses={503: {"model": Ready}})
async def readyz(request: Request, here: Here) -> Response:
    """Whether everything that it needs answers; 503 where something does not."""
    troubles = [each._asdict() for each in here.health.troubles()]
    is_ready = here.live.is_whole and not troubles
    return json(request, {"ready": is_ready, "troubles": troubles}, OK if is_ready else 503)


@health.get("/metrics", response_class=PlainTextResponse)
async def metrics(here: Here) -> Response:
    """For Prometheus."""
    registry = CollectorRegistry()
    registry.register(Metrics(here))
    return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)


@router.get("/status", response_model=dict[str, Any])
async def status(request: Request, here: Here) -> Response:
    """Workers, shards, markets and groups as they were a moment ago, and what is wrong."""
    found = {
        "troubles": [each._asdict() for each in here.health.troubles()],
        "looked_at": here.health.looked_at,
        "condition": here.health.condition,
    }
    return json(request, found)


@router.get("/prices", response_model=dict[str, dict[str, str]])
async def prices(request: Request, here: Here) -> Response:
    """The last mark of each symbol, by market."""
    found = {
        market: {symbol: decimal_text(price.mark) for symbol, price in sorted(known.items())}
        for market, known in here.live.prices.items()
    }
    return json(request, found)
