"""One account on a busy day: how many events a second its step takes, inbox and market together.

Five symbols, quoted in turn, in batches of 500 ticks as a desk reads them; every tenth event is a signal or
now and then a command. The account is a realistic one: it sizes by risk, pays commission and slippage, has
limits, breakers, targets and a time limit, so that some entries are accepted and most refused.
"""

import argparse
import json
import time
from collections import Counter
from collections.abc import Iterator

import numpy as np

from schemas.columns import Columns
from schemas.messages import Command, Decision, Fill, Signal
from streams.engine.model.settings import Commission, Instruments, Level, Settings, Size, Slippage
from streams.engine.model.units import DAY, HOUR, MINUTE, ONE
from streams.engine.simulate import simulate

SYMBOLS = ["AAA", "BBB", "CCC", "DDD", "EEE"]
START = 1_760_054_400_000_000
BATCH = 500
CENT = ONE // 100
SIGNAL_SHARE, COMMAND_SHARE = 0.1, 0.002

ACCOUNT = Settings(
    name="busy",
    balance=100_000 * ONE,
    size=Size(mode="risk", value=ONE // 100),
    take_profit=Level(kind="percent", value=ONE // 100),
    stop_loss=Level(kind="percent", value=ONE // 100),
    time_limit=2 * HOUR,
    max_positions=5,
    max_position=ONE // 4,
    max_exposure=ONE,
    cooldown=10 * MINUTE,
    max_signals_per_hour=60,
    daily_loss=ONE // 2,
    max_drawdown=ONE // 2,
    commission=Commission(rate=ONE // 10_000),
    slippage=Slippage(rate=ONE // 20_000),
)


def market(count: int, random: np.random.Generator) -> list[Columns]:
    """A day of ticks, in batches."""
    symbol = random.integers(0, len(SYMBOLS), count).astype(np.int32)
    ts = START + np.sort(random.integers(0, DAY, count))
    cents = np.empty(count, dtype=np.int64)
    for which in range(len(SYMBOLS)):
        rows = symbol == which
        cents[rows] = np.rint(10_000 * np.exp(np.cumsum(random.normal(0, 2e-4, int(rows.sum())))))
    price = cents * CENT
    size = random.integers(1, 500, count) * ONE
    return [
        Columns(
            names=SYMBOLS,
            symbol=symbol[at : at + BATCH],
            ts=ts[at : at + BATCH],
            price=price[at : at + BATCH],
            size=size[at : at + BATCH],
            bid=price[at : at + BATCH] - CENT,
            ask=price[at : at + BATCH] + CENT,
        )
        for at in range(0, count, BATCH)
    ]


def inbox(count: int, random: np.random.Generator) -> Iterator[Signal | Command]:
    """Signals, a tenth of them flat, and now and then an order by hand."""
    times = (START + np.sort(random.integers(0, DAY, count))).tolist()
    symbols = random.integers(0, len(SYMBOLS), count).tolist()
    sides = random.choice(["long", "short", "flat"], count, p=[0.45, 0.45, 0.1]).tolist()
    commands = (random.random(count) < COMMAND_SHARE / SIGNAL_SHARE).tolist()
    for number, (ts, symbol, side, command) in enumerate(zip(times, symbols, sides, commands, strict=True)):
        if command:
            yield Command(
                command_id=f"c{number}",
                account=ACCOUNT.name,
                kind="place",
                ts=ts,
                symbol=SYMBOLS[symbol],
                side="buy" if side == "long" else "sell",
                order_type="market",
                quantity=ONE,
            )
        else:
            yield Signal(
                signal_id=f"s{number}",
                source="alpha",
                symbol=SYMBOLS[symbol],
                side=side,
                ts=ts,
                confidence=0.8,
                features={"momentum": 1.0},
            )


def run(events: int, repeats: int) -> dict[str, object]:
    best = float("inf")
    outputs: list[object] = []
    entries = round(events * SIGNAL_SHARE)
    for _ in range(repeats):
        random = np.random.default_rng(5)
        batches = market(events - entries, random)
        mail = list(inbox(entries, random))
        outputs = []
        started = time.perf_counter()
        for some in simulate([ACCOUNT], batches, mail, Instruments()):
            outputs += some
        best = min(best, time.perf_counter() - started)
    verdicts = Counter(output.decision for output in outputs if isinstance(output, Decision))
    return {
        "seconds": best,
        "events": events,
        "outputs": len(outputs),
        "fills": sum(isinstance(output, Fill) for output in outputs),
        "decisions": dict(verdicts),
    }


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("events", type=int, nargs="?", default=200_000)
    parser.add_argument("--repeats", type=int, default=3, help="the best one counts")
    options = parser.parse_args()
    print(json.dumps(run(options.events, options.repeats)))


if __name__ == "__main__":
    main()
