"""How it runs: health for orchestrators, metrics for Prometheus, the condition for people."""

import time
from collections.abc import Iterator
from typing import Any

from fastapi import APIRouter, Request
from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.registry import Collector
from starlette.responses import PlainTextResponse, Response

from schemas.text.numbers import decimal_text
from streams.engine.model.units import ONE
from streams.web.api.common import OK, PROBLEM, REFUSED, Here, json
from streams.web.api.models import Ready
from streams.web.instance import Instance
from streams.web.state.account_now import Standing

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


class Metrics(Collector):
    """What there is to measure."""

    def __init__(self, here: Instance) -> None:
        self._here = here

    def collect(self) -> Iterator[Metric]:
        yield from self._accounts()
        yield from self._flow()
        yield from self._health()
        yield from self._shards()

    def _accounts(self) -> Iterator[Metric]:
        live = self._here.live
        figures = {
            name: GaugeMetricFamily(f"ghostfill_account_{name}", text, labels=["account"])
            for name, text in {
                "equity": "Equity at the newest prices.",
                "day_pnl": "Equity since the day's opening.",
                "drawdown": "Share below the highest equity.",
                "open_risk": "What is lost if every stop is reached.",
                "positions": "Open positions.",
                "pending_slices": "Slices that wait.",
            }.items()
        }
        for name in sorted(live.accounts):
            each = Standing(live, name)
            values = {
                "equity": each.equity / ONE, "day_pnl": each.day_pnl / ONE, "drawdown": each.drawdown,
                "open_risk": each.risk / ONE, "positions": len(each.holdings),
                "pending_slices": len(each.waiting),
            }  # fmt: skip
            for what, value in values.items():
                figures[what].add_metric([name], value)
        yield from figures.values()

    def _flow(self) -> Iterator[Metric]:
        live = self._here.live
        records = CounterMetricFamily(
            "ghostfill_records", "Records that came, since this process began.", labels=["topic"]
        )
        for topic, count in sorted(live.counts.items()):
            records.add_metric([topic], count)
        yield records
        age = GaugeMetricFamily(
            "ghostfill_market_age_seconds", "Since the market's newest time.", labels=["market"]
        )
        for market, newest in sorted(live.times.items()):
            age.add_metric([market], time.time() - newest / 1e6)
        yield age

    def _health(self) -> Iterator[Metric]:
        health = self._here.health
        troubles = {each.part for each in health.troubles()}
        up = GaugeMetricFamily("ghostfill_up", "Whether a part works, as far as is known.", labels=["part"])
        for part in ("kafka", "desk", "gate", "clickhouse", "sink", "web"):
            up.add_metric([part], part not in troubles)
        yield up
        lag = GaugeMetricFamily("ghostfill_group_lag", "Records that a group has not read.", labels=["group"])
        for group in health.condition["groups"] if health.condition is not None else []:
            lag.add_metric([group["group"]], group["lag"])
        yield lag

    def _shards(self) -> Iterator[Metric]:
        live = GaugeMetricFamily("ghostfill_shard_live", "Whether a shard works.", labels=["shard"])
        lag = GaugeMetricFamily(
            "ghostfill_shard_lag", "Market records that a shard has not passed.", labels=["shard"]
        )
        waiting = GaugeMetricFamily(
            "ghostfill_shard_waiting", "Entries that a shard has not admitted.", labels=["shard"]
        )
        for each in self._here.health.shards:
            name = [str(each.shard)]
            live.add_metric(name, not each.fault)
            lag.add_metric(name, each.lag)
            waiting.add_metric(name, each.waiting)
        yield from (live, lag, waiting)
