"""The account page's charts, as plotly's figures: made when they are asked for, and drawn in the browser."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from schemas.messages import Fill, Trade
from sinks.report import charts, texts
from streams.web.api.common import Here, json
from streams.web.instance import Instance
from streams.web.pages.rendering import moment

router = APIRouter(prefix="/charts", include_in_schema=False)
MARKS = 60
POINTS = 1_200
SYMBOLS = 12
PRICES_PX = 300
"""As high as equity's, with what is above and below it."""


@router.get("/equity")
async def equity(request: Request, here: Here, account: str) -> Response:
    """Equity and drawdown."""
    curve = (await here.results.ask("equity-curve", account=account)).dicts()
    if not curve:
        return json(request, None)
    falls = (await here.results.ask("drawdown", account=account)).dicts()
    label = f"Equity, now {texts.money(curve[-1]['equity'])}, and how far it is below its highest."
    chart = charts.equity(curve, falls, label)
    chart.figure["layout"]["yaxis2"]["tickformat"] = ".4~%"  # a fall of a day or less is small
    return json(request, _drawn(chart))


@router.get("/symbols")
async def symbols(request: Request, here: Here, account: str) -> Response:
    """The symbols that were traded lately, the newest first; then those that are held."""
    found = {each.symbol: None for kind in (Fill, Trade) for each in here.live.newest(kind, account, 200)}
    state = here.live.accounts.get(account)
    found |= {lot.symbol: None for lot in state.lots.values()} if state is not None else {}
    if not found:
        found = dict.fromkeys(row["symbol"] for row in await _marks(here, account, None))
    return json(request, list(found)[:SYMBOLS])


@router.get("/prices")
async def prices(request: Request, here: Here, account: str, symbol: str = "") -> Response:
    """A symbol's price with the last entries, slices and exits."""
    if not symbol:
        return json(request, None)
    marks = await _marks(here, account, symbol)
    if not marks:
        return json(request, None)
    first, last = marks[0]["ts"], max(marks[-1]["ts"], _now(here, account) or marks[-1]["ts"])
    room = timedelta(minutes=5)
    since, until = _whole_minute(first - room), _whole_minute(last + room)
    found = await here.results.ask("report-prices", symbol=symbol, since=since, until=until, points=POINTS)
    line = found.dicts()
    label = f"{symbol}: its price and the last {texts.counted(len(marks), 'fill')}."
    chart = charts.prices("prices", line or marks, marks, label)
    chart.figure["layout"]["height"] = PRICES_PX
    return json(request, _drawn(chart))


async def _marks(here: Instance, account: str, symbol: str | None) -> list[dict[str, Any]]:
    found = await here.results.ask("markers", account=account, symbol=symbol, limit=MARKS)
    return found.dicts()


def _now(here: Instance, account: str) -> datetime | None:
    """The time of the account's market."""
    state = here.live.accounts.get(account)
    return None if state is None else moment(here.live.times.get(state.versions[-1].market))


def _whole_minute(time: datetime) -> datetime:
    """So that who asks a moment later asks the same."""
    return time.replace(second=0, microsecond=0) + timedelta(minutes=1)


def _drawn(chart: charts.Chart) -> Mapping[str, Any]:
    return {"label": chart.label, **chart.figure}
