"""The page: what it shows of an account, asked and put into the template.

Rules of this file: every number is a named question's, or a sum of such.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple

from sinks.asking.accounts import Ask, require
from sinks.report import charts, texts
from sinks.report.charts import Chart, ChartBar
from sinks.report.document import View, document, view
from sinks.report.months import WEEKDAYS, Month, months
from sinks.report.sentence import sentence

Row = dict[str, Any]
FILLS = 20
TRADES = 5
SYMBOLS = 6
TRADED = 10
MARKS = 60
"""Of a symbol: more would hide each other."""
MONTHS = 6
EVERY = 1_000_000
OF_PRICES = frozenset({"price_holds", "above_vwap", "bad_stop"})
"""Reasons that compare prices."""


@dataclass(frozen=True)
class Wish:
    """What somebody wants to see."""

    account: str
    since: datetime | None = None
    until: datetime | None = None
    refresh: int | None = None
    """Seconds until the page loads itself again."""


class Tile(NamedTuple):
    """One number of the summary."""

    name: str
    title: str
    value: Any
    shown: str
    note: str = ""


class Figure(NamedTuple):
    """A chart of several, under its title."""

    title: str
    note: str
    chart: Chart


def page(ask: Ask, wish: Wish, written: datetime) -> str:
    """The file's text."""
    require(ask, wish.account)
    return document(wish.account, _period(wish), [account_view(ask, wish)], written, wish.refresh)


def account_view(ask: Ask, wish: Wish, number: int = 0, known: Mapping[str, Any] | None = None) -> View:
    """What one account did. `number`: among several views, if there are others; `known`: what the caller
    knows of its performance, where nothing is stored of it."""
    asked = _Asked(ask, wish)
    performance = asked.performance(known or {})
    held = asked.held()
    slices = _slices(asked)
    exits = asked.rows("pnl-by-exit-reason")
    worst = [row for row in asked.rows("worst-trades", limit=TRADES) if row["pnl"] < 0]
    best = [row for row in asked.rows("best-trades", limit=TRADES) if row["pnl"] > 0]
    fills = asked.rows("markers", limit=FILLS)
    traded = sorted(asked.rows("pnl-by-symbol"), key=lambda row: -abs(row["pnl"]))
    symbols = list(dict.fromkeys(row["symbol"] for row in (*traded, *held)))
    days = _months(asked.rows("daily-ledger"))
    equity = _equity(asked, performance)
    prices = list(_prices(asked, symbols[:SYMBOLS]))
    bars = _slice_charts(slices)
    left = _exit_chart(exits)
    return view(
        "account.html.jinja",
        wish.account,
        number,
        [equity, left, *(each.chart for each in (*prices, *bars))],
        account=wish.account,
        sentence=sentence(wish.account, performance, worst[0] if worst else None, slices, held),
        tiles=_tiles(performance, held),
        equity=equity,
        held=held,
        fills=[{**row, "what": charts.what(row)} for row in reversed(fills)],
        prices=prices,
        more_symbols=more(len(symbols) - SYMBOLS, "symbol"),
        slices=slices,
        slice_charts=bars,
        symbols=traded[:TRADED],
        more_traded=more(len(traded) - TRADED, "symbol"),
        exits=exits,
        exit_chart=left,
        months=days[:MONTHS],
        more_months=more(len(days) - MONTHS, "month"),
        weekdays=WEEKDAYS,
        best=_with_time_held(best),
        worst=_with_time_held(worst),
        rejected=_rejected(asked),
    )


# What is asked ---------------------------------------------------------------------------------


class _Asked:
    """Questions about the account and the time of one wish."""

    def __init__(self, ask: Ask, wish: Wish) -> None:
        self._ask = ask
        self._account = wish.account
        self._span = {"since": wish.since, "until": wish.until}

    def rows(self, name: str, **more: Any) -> list[Row]:
        return self._ask(name, account=self._account, **self._span, **more).dicts()

    def performance(self, known: Mapping[str, Any]) -> Row:
        answer = self._ask("performance", account=self._account, **self._span)
        found = next(iter(answer.dicts()), dict.fromkeys(answer.columns))
        return {name: known.get(name) if value is None else value for name, value in found.items()}

    def held(self) -> list[Row]:
        """All of it, whenever it was opened."""
        return self._ask("open-positions", account=self._account).dicts()

    def prices(self, symbol: str, since: datetime, until: datetime) -> list[Row]:
        return self._ask("report-prices", symbol=symbol, since=since, until=until, points=1500).dicts()


def _slices(asked: _Asked) -> list[Row]:
    """Each slice of entries, with what it would have made where it was skipped; empty: entries have one."""
    found = asked.rows("slice-effectiveness")
    if len(found) < 2:
        return []
    missed: dict[int, Decimal] = {}
    for row in asked.rows("skipped-slices", limit=EVERY):
        if row["would_have_made"] is not None:
            missed[row["number"]] = missed.get(row["number"], Decimal(0)) + row["would_have_made"]
    return [{**row, "missed": missed.get(row["number"])} for row in found]


def _rejected(asked: _Asked) -> list[Row]:
    """Prices of different symbols have nothing in common: what was measured of them is left out."""
    return [
        {**row, "median_measured": None, "last_limit": None} if row["reason"] in OF_PRICES else row
        for row in asked.rows("rejected")
    ]


# What is drawn ---------------------------------------------------------------------------------


def _equity(asked: _Asked, performance: Row) -> Chart | None:
    curve = asked.rows("equity-curve")
    if not curve:
        return None
    label = (
        f"Equity went from {texts.money(performance['start_equity'])} to "
        f"{texts.money(performance['end_equity'])}; the deepest drawdown was "
        f"{texts.percent(performance['max_drawdown'])}."
    )
    return charts.equity(curve, asked.rows("drawdown"), label)


def _prices(asked: _Asked, symbols: Sequence[str]) -> Iterator[Figure]:
    """Each symbol's newest fills on its price; what is held without a fill in the time has none."""
    for number, symbol in enumerate(symbols):
        marks = asked.rows("markers", symbol=symbol, limit=MARKS)
        if not marks:
            continue
        first, last = marks[0]["ts"], marks[-1]["ts"]
        room = (last - first) / 20 + timedelta(minutes=5)
        line = asked.prices(symbol, first - room, last + room)
        source = f"price from {line[0]['source']}" if line else "line through the fills"
        fills = f"last {MARKS} fills" if len(marks) == MARKS else texts.counted(len(marks), "fill")
        drawn = charts.prices(f"prices-{number}", line or marks, marks, f"{symbol}: {fills}, {source}.")
        yield Figure(symbol, f"{fills} · {source}", drawn)


def _slice_charts(slices: Sequence[Row]) -> list[Figure]:
    wanted = (
        ("cost", "Cost against arrival price", "basis points; low is good", "cost_bps", texts.points, True),
        ("contributed", "P&L contributed", "by closed trades", "pnl", texts.large_change, False),
        ("skipped", "Skipped slices", "what they would have made", "missed", texts.large_change, False),
    )
    return [
        Figure(title, note, _bars(f"slices-{name}", title, slices, column, text, costs))
        for name, title, note, column, text, costs in wanted
        if any(row[column] is not None for row in slices)
    ]


def _bars(name: str, title: str, slices: Sequence[Row], column: str, text: Any, costs: bool) -> Chart:
    bars = [ChartBar(f"slice {row['number']}", float(row[column] or 0), text(row[column])) for row in slices]
    said = ", ".join(f"{bar.name} {bar.text}" for bar in bars)
    return charts.columns(name, bars, f"{title}: {said}.", costs=costs)


def _exit_chart(exits: Sequence[Row]) -> Chart | None:
    if not exits:
        return None
    bars = [
        ChartBar(texts.words(row["exit_reason"]), float(row["pnl"]), texts.large_change(row["pnl"]))
        for row in exits
    ]
    said = ", ".join(f"{bar.name} {bar.text}" for bar in bars)
    return charts.lying("exits", bars, f"P&L by exit reason: {said}.")


def _months(ledger: Iterable[Row]) -> list[Month]:
    """A day on which nothing was traded and nothing changed has no P&L."""
    return months(
        {date.fromisoformat(row["day"]): row["pnl"] for row in ledger if row["trades"] or row["pnl"]}
    )


# What is said ----------------------------------------------------------------------------------


def _tiles(performance: Row, held: Sequence[Row]) -> Iterator[Tile]:
    p = performance
    unrealised = sum((row["unrealised"] for row in held), Decimal(0))
    yield Tile("end_equity", "Equity", p["end_equity"], texts.large(p["end_equity"]))
    yield Tile(
        "total_return", "Return", p["total_return"], texts.percent_change(p["total_return"]),
        f"in {texts.counted(p['days'], 'day')}",
    )  # fmt: skip
    yield Tile(
        "net_pnl", "Closed P&L", p["net_pnl"], texts.large_change(p["net_pnl"]),
        f"fees {texts.large(p['fees'])}",
    )  # fmt: skip
    yield Tile(
        "unrealised", "Open P&L", unrealised, texts.large_change(unrealised),
        texts.counted(len(held), "position"),
    )  # fmt: skip
    yield Tile("max_drawdown", "Max drawdown", p["max_drawdown"], texts.percent(p["max_drawdown"]))
    yield Tile("sharpe", "Sharpe", p["sharpe"], texts.ratio(p["sharpe"]), note=_needs_days(p))
    yield Tile(
        "trades", "Trades", p["trades"], texts.count(p["trades"]),
        note=f"{p['wins']:,} won, {p['losses']:,} lost",
    )  # fmt: skip
    yield Tile("win_rate", "Win rate", p["win_rate"], texts.percent(p["win_rate"]))
    yield Tile("profit_factor", "Profit factor", p["profit_factor"], texts.ratio(p["profit_factor"]))
    yield Tile(
        "expectancy", "Average trade", p["expectancy"], texts.large_change(p["expectancy"]),
    )  # fmt: skip
    yield Tile(
        "average_win", "Average win", p["average_win"], texts.large_change(p["average_win"]),
        note=f"average loss {texts.large_change(p['average_loss'])}",
    )  # fmt: skip
    yield Tile(
        "average_hold_seconds", "Held on average", p["average_hold_seconds"],
        texts.duration(p["average_hold_seconds"]),
    )  # fmt: skip


def _needs_days(performance: Row) -> str:
    return "needs at least five days" if performance["sharpe"] is None and performance["days"] < 5 else ""


def _period(wish: Wish) -> str:
    since = f"from {texts.time(wish.since)}" if wish.since else ""
    until = f"until {texts.time(wish.until)}" if wish.until else ""
    return f"{since} {until} UTC".strip() if since or until else "All data so far; times in UTC"


def more(number: int, what: str) -> str:
    return f"and {number:,} more {what if number == 1 else what + 's'}" if number > 0 else ""


def _with_time_held(trades: Iterable[Row]) -> list[Row]:
    return [{**row, "held": (row["exit_ts"] - row["entry_ts"]).total_seconds()} for row in trades]
