"""The account page's charts, as numbers: made when they are asked for, and drawn in the browser.

Rules of this file: what is stored of the account is of the moment of its panels. A time is seconds in UTC,
and no two points of a line have the same.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from schemas.messages import Fill, Trade
from sinks.report import charts, texts
from streams.web.api.common import Here, json
from streams.web.instance import Instance
from streams.web.pages.rendering import piece
from streams.web.state.moments import moment_of
from streams.web.state.stored import Stored, stored

router = APIRouter(prefix="/charts", include_in_schema=False)
MARKS = 60
POINTS = 1_200
SYMBOLS = 12


@router.get("/equity")
async def equity(request: Request, here: Here, account: str) -> Response:
    """Equity and drawdown."""
    found = await _of(here, account)
    curve = found.answers["equity-curve"] if found is not None else []
    if found is None or not curve:
        return _none_yet(request, found)
    label = f"Equity, {texts.money(curve[-1]['equity'])} at the end, and drawdown: how far below its peak."
    falls = [(row["ts"], -100 * row["drawdown"]) for row in found.answers["drawdown"]]
    return json(
        request,
        {
            "label": label,
            "as_of": _as_of(here, account, found),
            "equity": line((row["ts"], row["equity"]) for row in curve),
            "drawdown": line(falls),
        },
    )


@router.get("/symbols")
async def symbols(request: Request, here: Here, account: str) -> Response:
    """The symbols that were traded lately, the newest first; then those that are held."""
    found = {each.symbol: None for kind in (Fill, Trade) for each in here.live.newest(kind, account, 200)}
    state = here.live.accounts.get(account)
    found |= {lot.symbol: None for lot in state.lots.values()} if state is not None else {}
    if not found and (known := await _of(here, account)) is not None:
        found = dict.fromkeys(row["symbol"] for row in known.answers["markers"])
    return json(request, list(found)[:SYMBOLS])


@router.get("/prices")
async def prices(request: Request, here: Here, account: str, symbol: str = "") -> Response:
    """A symbol's price with the last entries, slices and exits."""
    found = await _of(here, account)
    rows = found.answers["markers"] if found is not None else []
    marks = [row for row in rows if row["symbol"] == symbol][-MARKS:]
    if found is None or not marks:
        return _none_yet(request, found)
    room = timedelta(minutes=5)
    until = _whole_minute(max(marks[-1]["ts"] + room, moment_of(found.as_of)))
    since = _whole_minute(marks[0]["ts"] - room)
    priced = await here.results.ask("report-prices", symbol=symbol, since=since, until=until, points=POINTS)
    return json(
        request,
        {
            "label": f"{symbol}: its price and the last {texts.counted(len(marks), 'fill')}.",
            "as_of": _as_of(here, account, found),
            "prices": line((row["ts"], row["price"]) for row in priced.dicts() or marks),
            "marks": list(map(mark, marks)),
        },
    )


async def _of(here: Instance, account: str) -> Stored | None:
    return await stored(here.live, here.results, account) if account in here.live.accounts else None


def _none_yet(request: Request, found: Stored | None) -> Response:
    """Why there is no chart; nothing where the page's own sentence says it."""
    if found is None or found.behind_s < 1:
        return json(request, None)
    return json(request, {"waits": piece("not_stored", found.behind_s)})


def line(points: Iterable[tuple[datetime, Any]]) -> list[tuple[int, float]]:
    """Of several in a second the last."""
    return list({int(time.timestamp()): float(value) for time, value in points}.items())


def mark(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "time": int(row["ts"].timestamp()),
        "price": float(row["price"]),
        "kind": row["kind"],
        "side": row["side"],
        "text": charts.told(row),
    }


def _as_of(here: Instance, account: str, found: Stored) -> str:
    now = here.live.times.get(here.live.accounts[account].versions[-1].market, 0)
    return piece("as_of", found.as_of, now, found.behind_s)


def _whole_minute(time: datetime) -> datetime:
    """So that a request a moment later is the same."""
    return time.replace(second=0, microsecond=0) + timedelta(minutes=1)
