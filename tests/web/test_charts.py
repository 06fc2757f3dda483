"""A chart without points says why, where results are late; else the page's own sentence stands."""

import asyncio
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import orjson
import pytest

from streams.engine.model.units import SECOND
from streams.web.pages import charts
from streams.web.state.stored import Stored

NOW = 1_800_000_000 * SECOND
AT = datetime(2026, 3, 2, 14, 30, tzinfo=UTC)
REQUEST: Any = SimpleNamespace(method="GET", headers={})


@pytest.fixture
def asked(monkeypatch):
    """What a chart answers, when so much of the account is stored and results are so far behind."""
    live = SimpleNamespace(
        accounts={"a": SimpleNamespace(versions=[SimpleNamespace(market="ticks")])}, times={"ticks": NOW}
    )
    here: Any = SimpleNamespace(live=live, results=None)

    def answer(chart, behind_s, **answers):
        async def found(*_):
            return Stored(NOW, behind_s, {"equity-curve": [], "drawdown": [], "markers": []} | answers)

        monkeypatch.setattr(charts, "stored", found)
        return orjson.loads(asyncio.run(chart(REQUEST, here, "a")).body)

    return answer


@pytest.mark.parametrize("chart", [charts.equity, charts.prices])
def test_a_chart_without_points_says_that_results_are_late(asked, chart):
    assert asked(chart, 12.4) == {"waits": "What it did is not stored yet: results are 12 s behind."}


@pytest.mark.parametrize("chart", [charts.equity, charts.prices])
def test_an_account_that_did_nothing_has_no_chart(asked, chart):
    assert asked(chart, 0.0) is None


def test_what_is_stored_is_drawn_however_late(asked):
    found = asked(charts.equity, 12.4, **{"equity-curve": [{"ts": AT, "equity": 100}]})
    assert found["equity"] == [[int(AT.timestamp()), 100.0]]
    assert found["as_of"].endswith("12 s behind")
