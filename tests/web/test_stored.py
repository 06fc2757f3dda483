"""What is stored of an account is of one moment, whatever is stored meanwhile and however far behind the sink is."""

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

from schemas.messages import Equity, Fill, Trade
from sinks.asking.questions import Answer
from sinks.database.database import Database
from streams.engine.model.units import SECOND
from streams.web.state import stored as module
from streams.web.state.kept_answers import Results
from streams.web.state.live_state import Event, LiveState, Place
from streams.web.state.moments import micros
from streams.web.state.recent_messages import MOST, Key
from streams.web.state.stored import QUESTIONS, TABLES, Stored, stored

NOW = 1_000 * SECOND
NOTHING: Key = (0, 0, "")


class World(Results):
    """A desk that tells, and a sink that stores what it was told some time later."""

    def __init__(self, monkeypatch):
        super().__init__(Database("nowhere", 1))
        self.live = LiveState()
        self.live.times["ticks"] = NOW
        settings: Any = SimpleNamespace(versions=[SimpleNamespace(market="ticks")])
        self.live.accounts["a"] = settings
        self.rows: dict[str, list[Key]] = {table.name: [] for table in TABLES.values()}
        self.told = 0
        self.asked: list[tuple[str, int]] = []
        self.comes_in_between: list[int] = []
        monkeypatch.setattr(module, "ask", self._ask)
        monkeypatch.setattr(module, "select", self._select)

    def _connected(self) -> Any:
        return None

    def tell(self, kind, at, *, is_stored=True):
        table = TABLES[kind]
        self.told += 1
        message = kind(**{**FIELDS[kind], table.id: f"a-{self.told}", table.time: at})
        self.live.take((), (), [Event(Place(table.name, 0, self.told), 0, message)], {})
        if is_stored:
            self.rows[table.name].append(table.key_of(message))

    def _ask(self, client, name, *, account, until, **more):
        end = micros(until)
        self.asked.append((name, end))
        if name == "theories" and self.comes_in_between:
            self.rows["trades"].append((self.comes_in_between.pop(), 3, "a-9"))
        return Answer(("trades",), ("UInt64",), [(sum(at < end for at, *_ in self.rows["trades"]),)])

    def _select(self, client, statement, given, name):
        as_of = int(given["as_of"])
        rows = [
            (table, sum(at <= as_of for at, *_ in keys), max(keys, default=NOTHING))
            for table, keys in self.rows.items()
        ]
        return Answer((), (), rows)

    def found(self) -> Stored:
        return asyncio.run(stored(self.live, self, "a"))


FIELDS: dict[type, dict[str, Any]] = {
    Trade: {
        "account": "a", "symbol": "X", "side": "long", "quantity": 1, "entry_ts": 1, "entry_price": 1, "exit_price": 1, "gross_pnl": 0,
        "fees": 0, "pnl": 0, "pnl_pct": 0, "exit_reason": "manual", "outcome": "breakeven", "signal_id": None,
    },
    Fill: {
        "account": "a", "symbol": "X", "side": "buy", "quantity": 1, "price": 1, "fee": 0, "order_id": "o",
    },
    Equity: {
        "account": "a", "equity": 1, "cash": 1, "unrealised": 0, "drawdown": 0,
    },
}  # fmt: skip


@pytest.fixture
def world(monkeypatch):
    found = World(monkeypatch)
    yield found
    found.close()


def counts(found):
    return {name: rows[0]["trades"] for name, rows in found.answers.items()}


def test_everything_is_asked_up_to_one_time(world):
    for at in (100, 200, 300):
        world.tell(Trade, at * SECOND)
    found = world.found()
    assert found.as_of == NOW and found.behind_s == 0
    assert dict(world.asked) == dict.fromkeys(QUESTIONS, NOW + 1)
    assert counts(found) == dict.fromkeys(QUESTIONS, 3)


def test_it_is_of_the_time_before_which_nothing_is_missing(world):
    """The sink writes each topic by itself: one may be behind the others."""
    for at in (100, 200, 300):
        world.tell(Trade, at * SECOND)
    world.tell(Fill, 400 * SECOND)
    world.tell(Trade, 500 * SECOND, is_stored=False)
    world.tell(Trade, 600 * SECOND, is_stored=False)
    found = world.found()
    assert found.as_of == 500 * SECOND - 1
    assert found.behind_s == pytest.approx(500, abs=1)
    assert counts(found) == dict.fromkeys(QUESTIONS, 3)


def test_what_happened_long_ago_does_not_make_it_old(world):
    """As the equity of an account that stands still, which is told once a day."""
    world.tell(Equity, 1 * SECOND)
    world.tell(Equity, 990 * SECOND, is_stored=False)
    assert world.found().behind_s == pytest.approx(10, abs=1)


def test_where_the_first_that_is_missing_may_be_forgotten(world):
    world.tell(Trade, 1 * SECOND)
    for at in range(MOST):
        world.tell(Trade, (500 + at) * SECOND, is_stored=False)
    assert world.found().as_of == 1 * SECOND - 1


def test_of_a_kind_of_which_nothing_is_stored_yet(world):
    """As the first trade ends; the sink is a second behind."""
    world.tell(Equity, 50 * SECOND)
    world.tell(Trade, 100 * SECOND, is_stored=False)
    world.tell(Trade, 200 * SECOND, is_stored=False)
    found = world.found()
    assert found.as_of == 100 * SECOND - 1
    assert counts(found) == dict.fromkeys(QUESTIONS, 0)


def test_where_the_first_may_be_forgotten_nothing_is_known(world):
    for at in range(MOST):
        world.tell(Trade, at * SECOND, is_stored=False)
    assert world.found().as_of == 0


def test_of_one_time_some_may_be_stored_and_some_not(world):
    """As the exits of one bar are."""
    world.tell(Trade, 100 * SECOND)
    world.tell(Trade, 200 * SECOND)
    world.tell(Trade, 200 * SECOND, is_stored=False)
    found = world.found()
    assert found.as_of == 200 * SECOND - 1
    assert counts(found) == dict.fromkeys(QUESTIONS, 1)


@pytest.mark.parametrize("times", [1, 2])
def test_what_comes_in_between_is_in_all_answers_or_in_none(world, times):
    world.tell(Trade, 100 * SECOND)
    world.comes_in_between = [150 * SECOND] * times
    found = world.found()
    assert counts(found) == dict.fromkeys(QUESTIONS, 1 + times)


def test_what_is_newer_is_in_none(world):
    world.tell(Trade, 100 * SECOND)
    world.comes_in_between = [NOW + 1]
    assert counts(world.found()) == dict.fromkeys(QUESTIONS, 1)
    assert len(world.asked) == len(QUESTIONS)


def test_it_is_kept_together(world):
    async def twice():
        return [await stored(world.live, world, "a") for _ in range(2)]

    first, second = asyncio.run(twice())
    assert first is second and len(world.asked) == len(QUESTIONS)
