"""The charts, as plotly's figures in plain data.

Rules of this file:
- A colour is the name of one of the page's, so that the page can change it with the light.
- Words from outside go into `text` and categories, never into a template, and with their `<` escaped:
  plotly reads tags.
"""

import html
from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import pairwise
from typing import Any, NamedTuple

from sinks.report import texts

Row = Mapping[str, Any]
Figure = dict[str, Any]

GAIN, LOSS, ENTRY, SLICE, EXIT, LINE = "gain", "loss", "entry", "slice", "exit", "line"
MARKS = {"entry": ENTRY, "slice": SLICE, "exit": EXIT}
SATURDAY = 5
HALF_HOURS = 48
CLOSED = 12
"""Half hours of a day from which on a market was closed, not quiet."""


class Chart(NamedTuple):
    """A figure, and what it shows, for people who cannot see it."""

    name: str
    label: str
    figure: Figure


def equity(curve: Sequence[Row], falls: Sequence[Row], label: str) -> Chart:
    """Equity, and under it how far below its highest it was."""
    breaks = _breaks([row["ts"] for row in curve if not _may_end_a_day(row["ts"])])
    data = [
        {
            "type": "scatter", "mode": "lines", "x": _times(curve), "y": _floats(curve, "equity"),
            "line": {"color": GAIN, "width": 1.8, "shape": "hv"}, "connectgaps": True,
            "hovertemplate": "equity %{y:,.2f}<extra></extra>",
        },
        {
            "type": "scatter", "mode": "lines", "x": _times(falls), "yaxis": "y2",
            "y": [-float(row["drawdown"]) for row in falls],
            "line": {"color": LOSS, "width": 1.2, "shape": "hv"}, "connectgaps": True,
            "fill": "tozeroy", "fillcolor": "loss-faint",
            "hovertemplate": "drawdown %{y:.2%}<extra></extra>",
        },
    ]  # fmt: skip
    layout = {
        "height": 340,
        "hovermode": "x unified",
        "xaxis": {"anchor": "y2", "type": "date", "rangebreaks": breaks},
        "yaxis": {"domain": [0.34, 1], "tickformat": ",", "nticks": 6},
        "yaxis2": {"domain": [0, 0.26], "tickformat": ".2~%", "nticks": 4, "rangemode": "tozero"},
    }
    return Chart("equity", label, {"data": data, "layout": layout})


def prices(name: str, line: Sequence[Row], marks: Sequence[Row], label: str) -> Chart:
    """A symbol's price with what was bought and sold."""
    data: list[Figure] = [
        {
            "type": "scatter", "mode": "lines", "x": _times(line), "y": _floats(line, "price"),
            "line": {"color": LINE, "width": 1.2}, "hoverinfo": "skip", "connectgaps": True,
        }
    ]  # fmt: skip
    data += [_marks([row for row in marks if row["kind"] == kind], colour) for kind, colour in MARKS.items()]
    breaks = _breaks([row["ts"] for row in (*line, *marks)])
    layout = {
        "height": 240,
        "hovermode": "closest",
        "xaxis": {"type": "date", "nticks": 5, "rangebreaks": breaks},
        "yaxis": {"tickformat": ",", "nticks": 5},
    }
    return Chart(name, label, {"data": data, "layout": layout})


def _marks(rows: Sequence[Row], colour: str) -> Figure:
    buys = [row["side"] == "buy" for row in rows]
    hollow = colour == SLICE
    return {
        "type": "scatter", "mode": "markers",
        "x": _times(rows), "y": _floats(rows, "price"),
        "text": [_plain(told(row)) for row in rows],
        "hovertemplate": "%{text}<extra></extra>",
        "marker": {
            "symbol": [f"triangle-{'up' if buy else 'down'}{'-open' if hollow else ''}" for buy in buys],
            "color": colour, "size": 10,
            "line": {"color": colour, "width": 1.6} if hollow else {"color": "card", "width": 1},
        },
    }  # fmt: skip


def what(row: Row) -> str:
    """What a fill was for."""
    return f"slice {row['slice_number']}" if row["kind"] == "slice" else texts.words(row["purpose"])


def told(row: Row) -> str:
    """A fill as a sentence; plain text."""
    return (
        f"{row['side']} {texts.exact(row['quantity'])} at {texts.exact(row['price'])}, {what(row)}, "
        f"{texts.time(row['ts'])}"
    )


class ChartBar(NamedTuple):
    """One bar: what it is of, how long it is, and what is written at its end."""

    name: str
    value: float
    text: str


def columns(name: str, bars: Sequence[ChartBar], label: str, *, costs: bool = False) -> Chart:
    """Upright bars."""
    good, bad = (LOSS, GAIN) if costs else (GAIN, LOSS)
    layout = {
        "height": 220,
        "xaxis": {"type": "category", "showgrid": False},
        "yaxis": {"showticklabels": False, "showgrid": False, "range": _room([bar.value for bar in bars])},
        "margin": {"l": 8, "r": 8, "t": 8, "b": 8},
        "bargap": 0.45,
    }
    return Chart(name, label, {"data": [_drawn(bars, "x", "y", good, bad)], "layout": layout})


def lying(name: str, bars: Sequence[ChartBar], label: str) -> Chart:
    """Bars that lie, for longer names; the first on top."""
    drawn = {**_drawn(bars[::-1], "y", "x", GAIN, LOSS), "orientation": "h"}
    layout = {
        "height": 60 + 34 * len(bars),
        "xaxis": {
            "showticklabels": False, "showgrid": False, "range": _room([bar.value for bar in bars], 0.65),
        },
        "yaxis": {"type": "category", "showgrid": False, "ticklabelstandoff": 6},
        "margin": {"l": 8, "r": 8, "t": 8, "b": 8},
        "bargap": 0.4,
    }  # fmt: skip
    return Chart(name, label, {"data": [drawn], "layout": layout})


def _drawn(bars: Sequence[ChartBar], names: str, values: str, good: str, bad: str) -> Figure:
    """`names`, `values`: the axes on which they are."""
    return {
        "type": "bar",
        names: [_plain(bar.name) for bar in bars], values: [bar.value for bar in bars],
        "text": [_plain(bar.text) for bar in bars],
        "textposition": "outside", "textangle": 0, "constraintext": "none", "textfont": {"size": 12},
        "cliponaxis": False, "hoverinfo": "skip",
        "marker": {"color": [good if bar.value >= 0 else bad for bar in bars]},
    }  # fmt: skip


def _room(values: Sequence[float], share: float = 0.22) -> list[float]:
    """An axis' range with room for what is written at the bars' ends."""
    low, high = min(0.0, *values, 0.0), max(0.0, *values, 0.0)
    room = ((high - low) or 1.0) * share
    return [low - room if low < 0 else 0.0, high + room if high > 0 or not low else 0.0]


def _may_end_a_day(time: datetime) -> bool:
    """In some zone: equity is told then too, though the market is closed."""
    return not (time.minute % 15 or time.second or time.microsecond)


def _breaks(times: Sequence[datetime]) -> list[Figure]:
    """The part of the day, and the weekends, in which nothing ever happened: a market was closed."""
    if len({each.date() for each in times}) < 2:
        return []
    breaks: list[Figure] = []
    if not any(each.weekday() >= SATURDAY for each in times):
        breaks.append({"bounds": ["sat", "mon"]})
    used = sorted({each.hour * 2 + each.minute // 30 for each in times})
    gaps = [(after - before - 1, before + 1, after) for before, after in pairwise(used)]
    gaps.append((HALF_HOURS - used[-1] + used[0] - 1, used[-1] + 1, used[0]))
    length, begin, end = max(gaps)
    if length >= CLOSED:
        breaks.append({"bounds": [begin % HALF_HOURS / 2, end / 2], "pattern": "hour"})
    return breaks


def _times(rows: Sequence[Row]) -> list[str]:
    return [f"{row['ts']:%Y-%m-%d %H:%M:%S.%f}" for row in rows]


def _floats(rows: Sequence[Row], column: str) -> list[float]:
    return [float(row[column]) for row in rows]


def _plain(text: str) -> str:
    return html.escape(text, quote=False)
