"""What is known of the instance now: accounts as of the last checkpoint, prices, and what happened lately.

Rules of this file: it reads nothing and waits for nothing; one thread, the event loop's, changes it and looks
at it.
"""

from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from schemas.messages import (
    Alert,
    Command,
    DeadLetter,
    Decision,
    Equity,
    Fill,
    Message,
    Order,
    Position,
    Signal,
    SliceTimer,
    Trade,
)
from streams.engine.model.state import AccountState
from streams.transport.shard.reports import WorkerReport
from streams.web.state.recent_messages import Recent

LATELY = 1_000
"""So many messages of each kind are kept in the order in which they came."""
A_SIGNAL = 20
"""So many decisions for each signal: every account that follows it decides."""
EVENTS, PRICES = "events", "prices"
FEEDS: tuple[type[Message], ...] = (
    Signal, Decision, SliceTimer, Order, Fill, Trade, Alert, DeadLetter, Command
)  # fmt: skip


class Price(NamedTuple):
    """A symbol's last mark."""

    mark: int
    ts: int


class Place(NamedTuple):
    """Where a record is."""

    topic: str
    partition: int
    offset: int


@dataclass(frozen=True, slots=True)
class Event:
    """A message as it came from its topic."""

    place: Place
    time: int
    """When Kafka took it, in milliseconds."""
    message: Message


@dataclass(frozen=True, slots=True)
class Row:
    """An account as a checkpoint has it; None: it is gone."""

    account: str
    state: AccountState | None


@dataclass(slots=True)
class LiveState:
    """Everything; what is kept of the past is bounded."""

    accounts: dict[str, AccountState] = field(default_factory=dict)
    equity: dict[str, Equity] = field(default_factory=dict)
    """The last row of each account."""
    positions: dict[str, Position] = field(default_factory=dict)
    """As they were last told, by id; those that are open."""
    prices: dict[str, dict[str, Price]] = field(default_factory=dict)
    """By market and symbol."""
    times: dict[str, int] = field(default_factory=dict)
    """The newest event time of each market."""
    workers: dict[str, WorkerReport] = field(default_factory=dict)
    lately: dict[type[Message], deque[Event]] = field(
        default_factory=lambda: {
            kind: deque(maxlen=LATELY * A_SIGNAL if kind is Decision else LATELY) for kind in FEEDS
        }
    )
    recent: Recent = field(default_factory=Recent)
    counts: dict[str, int] = field(default_factory=dict)
    """Records that came, by topic."""
    next: dict[tuple[str, int], int] = field(default_factory=dict)
    """How far each partition of the events has been read."""
    heard_ms: int = 0
    """When the newest record of all was made."""
    heard_until: int = 0
    """Up to when workers' reports have been read: one that told nothing since is silent."""
    unread: set[str] = field(default_factory=lambda: {EVENTS, PRICES})
    """Of what there was at the start."""
    troubles: dict[str, str] = field(default_factory=dict)
    """Why a thread that follows reads nothing; empty while it does."""
    listeners: list[Callable[[list[Event]], None]] = field(default_factory=list)

    @property
    def is_whole(self) -> bool:
        """Whether what there was at the start has been read."""
        return not self.unread

    def take(
        self,
        rows: Iterable[Row],
        reports: Iterable[WorkerReport],
        events: list[Event],
        read: Mapping[tuple[str, int], int],
    ) -> None:
        """What was read together, and how far."""
        self.next.update(read)
        for row in rows:
            if row.state is None:
                self.accounts.pop(row.account, None)
            else:
                self.accounts[row.account] = row.state
        for report in reports:
            self.workers[report.worker] = report
        for event in events:
            self._take(event)
        for listener in self.listeners:
            listener(events)

    def _take(self, event: Event) -> None:
        message = event.message
        topic = event.place.topic
        self.counts[topic] = self.counts.get(topic, 0) + 1
        self.heard_ms = max(self.heard_ms, event.time)
        feed = self.lately.get(type(message))
        if feed is not None:
            feed.append(event)
        self.recent.add(message)
        if isinstance(message, Equity):
            self.equity[message.account] = message
        elif isinstance(message, Position):
            if message.quantity:
                self.positions[message.position_id] = message
            else:
                self.positions.pop(message.position_id, None)

    def take_prices(self, market: str, time: int, prices: dict[str, Price]) -> None:
        self.prices.setdefault(market, {}).update(prices)
        self.times[market] = max(self.times.get(market, 0), time)

    def newest(self, kind: type[Any], account: str | None = None, most: int = 20) -> list[Any]:
        """The last messages of a kind, the newest first."""
        found: list[Any] = []
        for event in reversed(self.lately[kind]):
            if account is None or getattr(event.message, "account", None) == account:
                found.append(event.message)
                if len(found) == most:
                    break
        return found
