"""Several accounts that traded the same signals on the same market, beside each other.

Rules of this file: the first account is what the others are compared with; each has its whole report behind.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sinks.asking.accounts import Ask
from sinks.report import texts
from sinks.report.document import View, document, view
from sinks.report.page import Row, Wish, account_view, more

SIGNALS = 20
"""Whose trades differ, at most."""
NAME = "Comparison"
PERIOD = "The same market and the same signals; times in UTC"


class Figure(NamedTuple):
    """A row of the comparison."""

    name: str
    title: str
    shown: Callable[[Any], str]
    difference: Callable[[Any], str]
    better: int
    """1: more is better; -1: less is; 0: neither."""


FIGURES = (
    Figure("trades", "Trades", texts.count, texts.count_change, 0),
    Figure("win_rate", "Win rate", texts.distance, texts.percent_points, 1),
    Figure("net_pnl", "Net P&L of trades", texts.change, texts.change, 1),
    Figure("total_return", "Return", texts.percent_change, texts.percent_points, 1),
    Figure("profit_factor", "Profit factor", texts.ratio, texts.ratio_change, 1),
    Figure("expectancy", "Average trade", texts.change, texts.change, 1),
    Figure("max_drawdown", "Max drawdown", texts.distance, texts.percent_points, -1),
    Figure("sharpe", "Sharpe", texts.ratio, texts.ratio_change, 1),
    Figure("exposure_time", "Time with a position", texts.distance, texts.percent_points, 0),
    Figure("fees", "Fees", texts.money, texts.change, -1),
)
NOT_TRADED = {"": "not traded", "held": "still held", "accepted": "accepted, not filled"}


class Cell(NamedTuple):
    """One account's figure, and how far it is from the first account's."""

    value: Any
    shown: str
    difference: Any = None
    difference_shown: str = ""
    tone: str = ""


class Line(NamedTuple):
    """What became of a signal in one account."""

    account: str
    row: Mapping[str, Any] | None
    """Its trade, if there is one."""
    became: str
    difference: Any
    """Of its P&L to the first account's."""


class ComparedSignal(NamedTuple):
    """One whose trades differ."""

    name: str
    symbol: str
    lines: list[Line]


def comparison(ask: Ask, figures: Mapping[str, Row], written: datetime) -> str:
    """The file's text. `figures`: each account's, by the names in FIGURES; the first comes first."""
    accounts = [*figures]
    views = [
        account_view(ask, Wish(account), number, known)
        for number, (account, known) in enumerate(figures.items(), 2)
    ]
    title = f"{texts.counted(len(accounts), 'account')} compared"
    return document(title, PERIOD, [_comparison(ask, figures, views), *views], written)


def _comparison(ask: Ask, figures: Mapping[str, Row], views: Sequence[View]) -> View:
    accounts = [*figures]
    rows = ask("report-differences", accounts=len(accounts), limit=SIGNALS).dicts()
    count = rows[0]["signals"] if rows else 0
    return view(
        "comparison.html.jinja",
        NAME,
        1,
        [],
        sentence=_sentence(figures, count),
        views=views,
        rows=[(each.name, each.title, _cells(each, [*figures.values()])) for each in FIGURES],
        signals=_signals(accounts, rows),
        more_signals=more(count - SIGNALS, "signal"),
    )


def _sentence(figures: Mapping[str, Row], signals: int) -> str:
    returns = {name: row["total_return"] for name, row in figures.items() if row["total_return"] is not None}
    were = "was" if signals == 1 else "were"
    differ = (
        f"{texts.counted(signals, 'signal')} {were} not traded the same" if signals else "no trade differs"
    )
    if not returns or len(set(returns.values())) == 1:
        return f"No account did better than another; {differ}."
    best, worst = max(returns, key=returns.__getitem__), min(returns, key=returns.__getitem__)
    return (
        f"{best} did best with {texts.percent_change(returns[best])}, "
        f"against {texts.percent_change(returns[worst])} of {worst}; {differ}."
    )


def _cells(figure: Figure, rows: Sequence[Row]) -> list[Cell]:
    values = [row[figure.name] for row in rows]
    first, *others = values
    return [Cell(first, figure.shown(first)), *(_cell(figure, each, first) for each in others)]


def _cell(figure: Figure, value: Any, first: Any) -> Cell:
    difference = _difference(value, first)
    shown = figure.difference(difference)
    tone = {"gain": 1, "loss": -1}.get(texts.tone(shown), 0) * figure.better
    return Cell(value, figure.shown(value), difference, shown, ("", "gain", "loss")[tone])


def _signals(accounts: Sequence[str], rows: Sequence[Row]) -> list[ComparedSignal]:
    found: dict[tuple[str, str, str], dict[str, Row]] = {}
    for row in rows:
        found.setdefault((row["source"], row["signal"], row["symbol"]), {})[row["account"]] = row
    return [ComparedSignal(name, symbol, _lines(accounts, by)) for (_, name, symbol), by in found.items()]


def _lines(accounts: Sequence[str], rows: Mapping[str, Row]) -> list[Line]:
    first = _pnl(rows.get(accounts[0]))
    return [
        Line(name, _trade(rows.get(name)), _became(rows.get(name)), _pnl(rows.get(name)) - first)
        for name in accounts
    ]


def _trade(row: Row | None) -> Row | None:
    return None if row is None or row["pnl"] is None else row


def _pnl(row: Row | None) -> Any:
    """What was not traded has made nothing."""
    trade = _trade(row)
    return 0 if trade is None else trade["pnl"]


def _became(row: Row | None) -> str:
    became = row["became"] if row is not None else ""
    decision, _, reason = became.partition(" ")
    return NOT_TRADED.get(became) or f"not traded, {decision}: {texts.words(reason)}"


def _difference(value: Any, first: Any) -> Any:
    return None if value is None or first is None else value - first
