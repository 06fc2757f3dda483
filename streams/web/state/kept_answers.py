"""What ClickHouse answers, kept for a moment: many who ask the same are answered by one question.

Rules of this file: an answer is as fresh as it is cheap; while a stale one is asked anew, whoever asks gets
that. So few questions run at once that trading does not feel it.
"""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeVar

from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import OperationalError
from urllib3.exceptions import HTTPError, ReadTimeoutError

from sinks.asking.questions import Answer, ask
from sinks.database.database import AwayError, Database, DatabaseError

AT_ONCE = 2
MOST = 500
"""So many answers are kept."""
FRESH_S, OLDEST_S = 1.0, 20.0
"""An answer is fresh for that long at least, and at most."""
COSTS = 40
"""An answer that took a second is fresh for so many."""
STALE = 4
"""So many times as old it is still given while it is asked anew."""
READ_S = 30
TOO_LONG = f"sql: it was not answered within {READ_S} seconds; expected a statement that asks for less"
MOST_BYTES = 16 << 20
"""Of a result that is held in memory: as Python's values it is ten times as large, and more."""
LIMITS = {
    "max_execution_time": 20,
    "max_result_rows": 100_000,
    "max_result_bytes": MOST_BYTES,
    "result_overflow_mode": "throw",
    "max_memory_usage": 1 << 30,
    "max_threads": 2,
}

Found = TypeVar("Found")


@dataclass(slots=True)
class KeptAnswer:
    """An answer."""

    value: Any
    made: float
    cost: float

    def age(self) -> float:
        return time.monotonic() - self.made

    @property
    def is_fresh(self) -> bool:
        return self.age() < self._fresh_s

    @property
    def is_of_use(self) -> bool:
        return self.age() < STALE * self._fresh_s

    @property
    def _fresh_s(self) -> float:
        return min(OLDEST_S, max(FRESH_S, COSTS * self.cost))


class Results:
    """One database, for everybody who looks at the page."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.trouble = ""
        """Why it does not answer; empty while it does."""
        self._away_at = 0.0
        self._client: Client | None = None
        self._pool = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="results")
        self._slow_pool = ThreadPoolExecutor(1, thread_name_prefix="sql")
        self._kept: OrderedDict[Hashable, KeptAnswer] = OrderedDict()
        self._asked: dict[Hashable, asyncio.Task[Any]] = {}

    async def ask(self, name: str, **parameters: Any) -> Answer:
        """A named question's answer."""
        key = (name, *sorted(parameters.items()))
        return await self.get(key, lambda client: ask(client, name, **parameters))

    async def get(self, key: Hashable, make: Callable[[Client], Found]) -> Found:
        """What is kept of it, or what is found now."""
        kept = self._kept.get(key)
        if kept is not None and kept.is_fresh:
            self._kept.move_to_end(key)
            return kept.value  # type: ignore[no-any-return]
        task = self._asked.get(key)
        if task is None:
            task = asyncio.create_task(self._make(key, make))
            self._asked[key] = task
            task.add_done_callback(lambda done: self._end(key, done))
        if kept is not None and kept.is_of_use:
            return kept.value  # type: ignore[no-any-return]
        found: Found = await asyncio.shield(task)
        return found

    async def _make(self, key: Hashable, make: Callable[[Client], Found]) -> Found:
        began = time.monotonic()
        found = await self.now(make)
        self._kept[key] = KeptAnswer(found, time.monotonic(), time.monotonic() - began)
        while len(self._kept) > MOST:
            self._kept.popitem(last=False)
        return found

    def _end(self, key: Hashable, task: "asyncio.Task[Any]") -> None:
        self._asked.pop(key, None)
        if not task.cancelled():
            task.exception()  # whoever waited for it has it

    async def now(self, make: Callable[[Client], Found]) -> Found:
        """Asked now, and not kept."""
        return await self._in(self._pool, make)

    async def slowly(self, make: Callable[[Client], Found]) -> Found:
        """The same for a person's statement: one at a time, and nothing else waits for it.

        That one takes long says nothing of ClickHouse.
        """

        def patient(client: Client) -> Found:
            try:
                return make(client)
            except (DatabaseError, HTTPError) as error:
                if not _took_too_long(error):
                    raise
                raise DatabaseError(TOO_LONG) from error

        return await self._in(self._slow_pool, patient)

    async def _in(self, pool: ThreadPoolExecutor, make: Callable[[Client], Found]) -> Found:
        return await asyncio.get_running_loop().run_in_executor(pool, self._run, make, time.monotonic())

    def _run(self, make: Callable[[Client], Found], asked: float) -> Found:
        if asked < self._away_at:  # it has waited already, behind one that waited in vain
            raise AwayError("ClickHouse does not answer: try again")
        try:
            found = make(self._connected())
        except DatabaseError as error:
            if not isinstance(error, AwayError) and not _is_away(error.__cause__):
                raise
            self._away(error)
            raise AwayError(f"ClickHouse does not answer: {error}; try again") from error
        except (OSError, HTTPError) as error:  # in the middle of an answer
            self._away(error)
            raise AwayError("ClickHouse does not answer any more: try again") from error
        self.trouble = ""
        return found

    def _away(self, error: Exception) -> None:
        self._client, self.trouble, self._away_at = None, str(error), time.monotonic()

    def _connected(self) -> Client:
        if self._client is None:
            self._client = self.database.reader(LIMITS, send_receive_timeout=READ_S)
        return self._client

    def close(self) -> None:
        for pool in (self._pool, self._slow_pool):
            pool.shutdown(wait=False, cancel_futures=True)


def _is_away(error: BaseException | None) -> bool:
    """ClickHouse's own refusals have a code."""
    return isinstance(error, OperationalError) and "Code: " not in str(error)


def _took_too_long(error: BaseException | None) -> bool:
    """Whether ClickHouse took the statement, and then said nothing."""
    while error is not None and not isinstance(error, ReadTimeoutError):
        error = error.__cause__ or error.__context__
    return error is not None
