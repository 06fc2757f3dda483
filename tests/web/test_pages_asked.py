"""What the pages are asked for: words of others in an address, and a search of signals."""

import asyncio
import re
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from schemas.messages import Decision, Signal
from sinks.asking.questions import Answer
from streams.accounts import account_with
from streams.engine.model.units import MINUTE
from streams.web.api.common import NotThereError
from streams.web.pages import views
from streams.web.pages.routes import make_of, without_others_words
from streams.web.state.live_state import Event, LiveState, Place

ACCOUNTS = [f"acc{number}" for number in range(20)]
SIGNALS = 300
NOW = SIGNALS * MINUTE


@pytest.mark.parametrize("path", ["/", "/system", "/signals"])
def test_what_a_link_adds_for_others_changes_no_page(path):
    assert make_of(f"{path}?utm=1") is make_of(path)


def test_nor_an_account_s():
    here = instance()
    here.live.accounts.clear()
    view = made(make_of("/accounts/mine?utm=1"), here)
    assert view.title == "mine"
    assert without_others_words("/accounts/mine?utm=1") == "/accounts/mine"


def test_what_a_page_is_asked_for_stays():
    assert without_others_words("/signals?find=x") == "/signals?find=x"
    with pytest.raises(NotThereError, match=r"there is no page /nowhere$"):
        make_of("/nowhere?find=x")


def instance(*, stored=(), decided=SIGNALS):
    """Twenty accounts that decided on the first of these signals; `stored`: the numbers that ClickHouse knows."""
    live = LiveState()
    settings = account_with("auto-trader", {"follow": "[s]"})
    accounts: dict[str, Any] = {
        name: SimpleNamespace(status="active", versions=[settings]) for name in ACCOUNTS
    }
    live.accounts = accounts
    live.times["ticks"] = NOW
    events = []
    for number in range(SIGNALS):
        signal = Signal(signal_id=f"i{number}", source="s", symbol="AAPL", side="long", ts=number * MINUTE)
        events.append(Event(Place("signals", 0, number), 0, signal))
        if number < decided:
            events += [Event(Place("decisions", 0, 0), 0, accepted(name, number)) for name in ACCOUNTS]
    live.take((), (), events, {})
    rows = [seen(number) for number in stored]

    async def ask(name, **asked):
        return Answer(tuple(rows[0]) if rows else (), (), [tuple(row.values()) for row in rows])

    return SimpleNamespace(
        live=live,
        commander=SimpleNamespace(is_followed=lambda source: source == "s"),
        health=SimpleNamespace(sink_lag=0, troubles=list),
        results=SimpleNamespace(ask=ask),
    )


def accepted(account, number):
    return Decision(
        decision_id=f"{account}-d{number}", account=account, ts=number * MINUTE, decision="accepted",
        symbol="AAPL", source="s", signal_id=f"i{number}", reason="",
    )  # fmt: skip


def seen(number):
    return {
        "source": "s", "signal_id": f"i{number}", "symbol": "AAPL", "side": "long", "confidence": None,
        "ts": datetime.fromtimestamp(number * 60, UTC), "sent": 1,
        "accepted": 20, "refused": 0, "duplicates": 0, "reasons": "",
    }  # fmt: skip


def made(make: views.Make, here: Any) -> views.View:
    async def view() -> views.View:
        return await make(here)

    return asyncio.run(view())


def found(here, text="aapl"):
    """What the search's rows say, by the number of the signal."""
    rows = made(views.signals_with(text), here).lists["signals"]
    told = {key: re.sub(r"<[^>]+>", " ", row[row.index("verdicts") :]) for key, row in rows.items()}
    return {int(key.removeprefix("s/i")): text for key, text in told.items()}


def test_every_signal_that_is_found_says_what_was_decided():
    told = found(instance())
    assert list(told) == list(range(SIGNALS - 1, SIGNALS - 1 - views.MANY, -1))
    assert all("accepted" in text and "more" in text for text in told.values())


def test_of_one_whose_decisions_are_forgotten_what_is_stored_is_told():
    told = found(instance(decided=250, stored=[240, 260, 10]))
    assert "20 accepted" in told[260] and "20 accepted" in told[10]
    assert "more" in told[240]
    assert "–" in told[270]


def test_only_what_is_sought():
    assert list(found(instance(), "/i29")) == []
    assert list(found(instance(), "i29")) == [*range(299, 289, -1), 29]


def test_a_database_that_is_slow_holds_no_search(monkeypatch):
    here = instance()
    monkeypatch.setattr(views, "STORED_S", 0.01)
    here.results.ask = lambda *given, **asked: asyncio.sleep(60)
    assert len(found(here)) == views.MANY
