"""ClickHouse's answers, kept for a moment: one question for many, none that is too old, and soon an error."""

import asyncio
import threading
import time
from types import SimpleNamespace
from typing import Any

import pytest
from clickhouse_connect.driver.exceptions import DatabaseError as Refusal
from clickhouse_connect.driver.exceptions import OperationalError
from urllib3 import HTTPConnectionPool
from urllib3.exceptions import ProtocolError, ReadTimeoutError

from sinks.database.database import AwayError, Database, DatabaseError
from sinks.database.refusals import refused
from streams.web.state import kept_answers as module
from streams.web.state.kept_answers import Results


class Counted(Results):
    """Its database is not asked: what makes an answer is the test's."""

    def __init__(self):
        super().__init__(Database("nowhere", 1))
        self.asked = 0

    def _connected(self) -> Any:
        self.asked += 1

    def answers(self, value, takes_s=0.0):
        def make(client):
            time.sleep(takes_s)
            return value

        return make


@pytest.fixture
def results():
    found = Counted()
    yield found
    found.close()


def test_many_who_ask_the_same_are_answered_by_one_question(results):
    async def scenario():
        found = await asyncio.gather(*(results.get("key", results.answers(5, 0.1)) for _ in range(20)))
        assert (found, results.asked) == ([5] * 20, 1)
        assert await results.get("key", results.answers(6)) == 5
        assert await results.get("other", results.answers(7)) == 7
        assert results.asked == 2

    asyncio.run(scenario())


def test_an_answer_is_asked_anew_and_soon_not_given_any_more(results, monkeypatch):
    now = 0.0
    monkeypatch.setattr(module, "time", SimpleNamespace(monotonic=lambda: now))
    fresh = module.FRESH_S

    async def scenario():
        nonlocal now
        assert await results.get("key", results.answers(1)) == 1
        now += 0.9 * fresh
        assert await results.get("key", results.answers(0)) == 1
        now += 0.2 * fresh
        assert await results.get("key", results.answers(2)) == 1
        await asyncio.gather(*results._asked.values())
        assert await results.get("key", results.answers(3)) == 2
        now += 1.1 * module.STALE * fresh
        assert await results.get("key", results.answers(4)) == 4

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("cost", "fresh_s"), [(0.0, 0.7), (0.01, 0.7), (0.1, 1.2), (1.0, 12.0), (2.0, 15.0), (20.0, 15.0)]
)
def test_an_answer_is_kept_the_longer_the_more_it_cost(monkeypatch, cost, fresh_s):
    for name, value in {"FRESH_S": 0.7, "OLDEST_S": 15.0, "COSTS": 12, "STALE": 4}.items():
        monkeypatch.setattr(module, name, value)
    kept = module.KeptAnswer("value", time.monotonic(), cost)
    for age, is_fresh, is_of_use in (
        (fresh_s - 0.01, True, True),
        (fresh_s + 0.01, False, True),
        (4 * fresh_s - 0.01, False, True),
        (4 * fresh_s + 0.01, False, False),
    ):
        monkeypatch.setattr(module.KeptAnswer, "age", lambda self, age=age: age)
        assert (kept.is_fresh, kept.is_of_use) == (is_fresh, is_of_use)


def test_only_so_many_answers_are_kept(results, monkeypatch):
    monkeypatch.setattr(module, "MOST", 3)

    async def scenario():
        for number in range(5):
            await results.get(number, results.answers(number))
        assert await results.get(4, results.answers("new")) == 4
        assert await results.get(0, results.answers("new")) == "new"

    asyncio.run(scenario())


def raising(error):
    def make(client):
        try:
            raise error
        except (OperationalError, Refusal) as cause:
            raise refused("sql", cause) from cause

    return make


@pytest.mark.parametrize(
    ("error", "is_away"),
    [
        (OperationalError("Error: Connection refused executing HTTP request attempt 1"), True),
        (OperationalError("Read timed out. (read timeout=30)"), True),
        (ProtocolError("Connection broken"), True),
        (ConnectionResetError("gone"), True),
        (AwayError("ClickHouse does not answer"), True),
        (OperationalError("Code: 396. DB::Exception: Limit for result exceeded"), False),
        (Refusal("Code: 62. DB::Exception: Syntax error"), False),
    ],
)
def test_a_refusal_is_told_from_nobody_being_there(results, error, is_away):
    async def scenario():
        with pytest.raises(DatabaseError) as told:
            await results.now(raising(error))
        assert isinstance(told.value, AwayError) == is_away == bool(results.trouble)
        assert await results.now(results.answers(1)) == 1
        assert results.trouble == ""

    asyncio.run(scenario())


def test_who_has_waited_behind_one_that_waited_in_vain_waits_no_more(results):
    """With a database that hangs, each question would take as long as all before it."""
    hanging = threading.Event()

    def hangs(client):
        hanging.wait(10)
        raise ConnectionResetError("timed out")

    async def scenario():
        asked = [asyncio.ensure_future(results.now(hangs)) for _ in range(module.AT_ONCE)]
        behind = [asyncio.ensure_future(results.now(results.answers(1))) for _ in range(5)]
        await asyncio.sleep(0.05)
        hanging.set()
        told = await asyncio.gather(*asked, *behind, return_exceptions=True)
        assert [type(each) for each in told] == [AwayError] * 7
        assert results.asked == module.AT_ONCE
        assert await results.now(results.answers(1)) == 1

    asyncio.run(scenario())


def test_that_a_statement_takes_long_says_nothing_of_clickhouse(results):
    def takes_long(client):
        try:
            raise OperationalError("Error executing HTTP request") from ReadTimeoutError(
                HTTPConnectionPool("nowhere"), "", "Read timed out"
            )
        except OperationalError as error:
            raise refused("sql", error) from error

    async def scenario():
        with pytest.raises(DatabaseError, match="sql: it was not answered within 30 seconds") as told:
            await results.slowly(takes_long)
        assert not isinstance(told.value, AwayError) and results.trouble == ""
        with pytest.raises(AwayError):
            await results.now(takes_long)

    asyncio.run(scenario())


def test_nobody_waits_behind_a_long_statement(results):
    runs, may_end = [], threading.Event()

    def is_long(client):
        runs.append("begins")
        assert may_end.wait(30)
        runs.append("ends")
        return "long"

    async def scenario():
        long = [asyncio.ensure_future(results.slowly(is_long)) for _ in range(3)]
        assert await results.now(results.answers(1)) == 1
        may_end.set()
        assert await asyncio.gather(*long) == ["long"] * 3
        assert runs == ["begins", "ends"] * 3, "one at a time"

    asyncio.run(scenario())
