"""Messages of every kind that a table holds, numbered, and what they add up to."""

from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np
from confluent_kafka import Producer

from schemas.codec import encode
from schemas.kinds import TickBatch, key_of, topic_of
from schemas.messages import (
    Alert,
    Bar,
    Decision,
    Equity,
    Fill,
    Message,
    Order,
    Position,
    Signal,
    SliceTimer,
    Tick,
    Trade,
)
from streams.transport.kafka.cluster import Cluster

START = 1_767_625_200_000_000
SECOND = 1_000_000
ONE = 100_000_000
TICKS_A_BATCH = 500


def fill(n: int) -> Message:
    return Fill(
        fill_id=f"paper-{n % 40}-f{n}", order_id=f"paper-{n % 40}-o{n}", account=f"paper-{n % 40}",
        symbol=f"S{n % 97}", side="sell" if n % 2 else "buy", quantity=ONE + n, price=238 * ONE + n * 1000,
        fee=n, ts=START + n * 1000, lot_id=f"paper-{n % 40}-l{n // 4}", trade_id=f"paper-{n % 40}-t{n // 4}",
        plan_id=f"paper-{n % 40}-p{n // 4}", slice_number=n % 4 + 1, signal_id=f"signal-{n // 4}",
        arrival=238 * ONE, slippage=n % 7,
    )  # fmt: skip


def order(n: int) -> Message:
    return Order(
        order_id=f"paper-{n % 40}-o{n}", account=f"paper-{n % 40}", symbol=f"S{n % 97}", side="buy",
        order_type="market", state="filled", quantity=ONE + n, filled=ONE + n, ts=START + n * 1000,
        created=START + n * 1000, average_price=238 * ONE, fees=n,
    )  # fmt: skip


def equity(n: int) -> Message:
    return Equity(
        equity_id=f"paper-{n % 40}-e{n}", ts=START + n * 1000, account=f"paper-{n % 40}", equity=ONE * 1000 + n,
        cash=ONE * 900, unrealised=n, drawdown=0, balance=ONE * 1000, day_end=n % 100 == 0,
        day="2026-01-05" if n % 100 == 0 else None, year_days=365 if n % 100 == 0 else None,
    )  # fmt: skip


def trade(n: int) -> Message:
    return Trade(
        trade_id=f"paper-{n % 40}-t{n}", account=f"paper-{n % 40}", symbol=f"S{n % 97}", side="short",
        quantity=ONE + n, entry_price=ONE, exit_price=ONE, entry_ts=START, exit_ts=START + n * 1000, pnl=n - 500,
        pnl_pct=n, fees=1, exit_reason="take_profit", outcome="win", signal_id=None, gross_pnl=n,
        theories={"gap": 0.5, "trend": n / 7}, tags=("a", f"b{n}"), confidence=n / 1000,
    )  # fmt: skip


def position(n: int) -> Message:
    return Position(
        position_id=f"paper-{n % 40}-l{n}", account=f"paper-{n % 40}", symbol=f"S{n % 97}", side="long",
        quantity=ONE + n, average_price=ONE, cost=ONE, mark=ONE, unrealised=-n, realised=0, fees=0,
        ts=START + n * 1000, opened=START, stop=None, target=ONE if n % 2 else None,
    )  # fmt: skip


def slice_timer(n: int) -> Message:
    return SliceTimer(
        slice_id=f"paper-{n % 40}-p{n}.1", account=f"paper-{n % 40}", plan_id=f"paper-{n % 40}-p{n}", symbol="S",
        side="buy", signal_id=f"signal-{n}", number=1, of=4, state="skipped", ts=START + n, due=START,
        quantity=ONE + n, condition="price_holds", arrival=ONE, reason="price_holds", measured=n / 3, limit=1.0,
    )  # fmt: skip


def decision(n: int) -> Message:
    return Decision(
        decision_id=f"paper-{n % 40}-d{n}", ts=START + n * 1000, account=f"paper-{n % 40}", decision="refused",
        symbol="S", signal_id=f"signal-{n}", source="loads", reason="max_positions", measured=float(n), limit=5.0,
    )  # fmt: skip


def alert(n: int) -> Message:
    return Alert(
        alert_id=f"paper-{n % 40}-a{n}", ts=START + n * 1000, account=f"paper-{n % 40}", kind="daily_loss",
        text=f"it lost {n} «€»", measured=float(n),
    )  # fmt: skip


def signal(n: int) -> Message:
    return Signal(
        signal_id=f"signal-{n}", source="loads", symbol=f"S{n % 97}", side="long", ts=START + n * 1000,
        price=ONE + n, features={"vsr": n / 3}, note="a note",
    )  # fmt: skip


def tick(n: int) -> Message:
    return Tick(symbol=f"S{n % 7}", ts=START + n * 1000, price=ONE + n, size=None, bid=ONE, ask=None)


def bar(n: int) -> Message:
    return Bar(symbol=f"B{n % 3}", ts=START + n * 60 * SECOND, open=ONE, high=ONE + n, low=ONE, close=ONE + n)


def tick_batch(n: int) -> Message:
    count = np.arange(TICKS_A_BATCH, dtype="<i8")
    ts, price = START + n * SECOND + count * 1000, ONE + count + n
    size, zero = np.full(TICKS_A_BATCH, -1, "<i8"), np.zeros(TICKS_A_BATCH, "<i8")
    return TickBatch(
        symbol=f"M{n % 5}", ts=ts.tobytes(), price=price.tobytes(), size=size.tobytes(), bid=zero.tobytes(),
        ask=zero.tobytes(),
    )  # fmt: skip


MAKERS: dict[str, tuple[Callable[[int], Message], str]] = {
    "fills": (fill, "quantity"),
    "orders": (order, "filled"),
    "equity": (equity, "equity"),
    "trades": (trade, "pnl"),
    "positions": (position, "unrealised"),
    "slices": (slice_timer, "quantity"),
    "decisions": (decision, ""),
    "alerts": (alert, ""),
    "signals": (signal, "price"),
    "ticks": (tick, "price"),
    "bars": (bar, "high"),
}
"""What makes a table's rows, and the column of money that is added up."""


class Load:
    """Publishes, and remembers what it published."""

    def __init__(self, cluster: Cluster) -> None:
        settings = {"enable.idempotence": True, "linger.ms": 10, "queue.buffering.max.messages": 500_000}
        self._producer = Producer({**cluster.confluent(), **settings, "log_level": 0})
        self.rows: Counter[str] = Counter()
        self.sums: Counter[str] = Counter()

    def publish(self, table: str, numbers: range) -> None:
        make, column = MAKERS[table]
        for n in numbers:
            message = make(n)
            self.send("ticks" if table == "bars" else topic_of(message), key_of(message), encode(message))
            if column:
                self.sums[table] += getattr(message, column)
        self.rows[table] += len(numbers)

    def publish_batches(self, numbers: range) -> None:
        for n in numbers:
            message = tick_batch(n)
            self.send("ticks", key_of(message), encode(message))
            self.sums["ticks"] += int(np.frombuffer(message.price, "<i8").sum())  # type: ignore[attr-defined]
        self.rows["ticks"] += TICKS_A_BATCH * len(numbers)

    def send(self, topic: str, key: bytes | None, value: bytes | None) -> None:
        while True:
            try:
                self._producer.produce(topic, value, key)
                self._producer.poll(0)
                return
            except BufferError:
                self._producer.poll(0.1)

    def flush(self) -> None:
        assert self._producer.flush(60) == 0


def differences(load: Load, ask: Callable[[str], list[tuple[Any, ...]]]) -> list[str]:
    """Where the tables hold something else than was published."""
    found = []
    for table, rows in load.rows.items():
        _, column = MAKERS[table]
        ((counted, summed),) = ask(f"SELECT count(), sum({column or 0}) FROM {table} FINAL")
        total = int((summed or 0) * ONE)
        if (counted, total) != (rows, load.sums[table]):
            found.append(f"{table}: {counted} rows, sum {total}; published {rows}, sum {load.sums[table]}")
    return found
