"""A made-up market day: quiet trading, surges of volume that run or fail, gaps, spells without a quote.

Rules of this file: the same seed gives the same day; a tracker reads the day as it would a real one, from the
trades alone, and sends a signal each minute while it follows a symbol. `streams.feeds` makes such days
without end.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from schemas.columns import Columns, Ints
from schemas.messages import Signal
from streams.engine.model.units import HOUR, MINUTE, ONE, SECOND

Floats = npt.NDArray[np.float64]

OPEN = 1_767_623_400 * SECOND
"""2026-01-05 14:30 UTC, a Monday: when New York opens."""
LENGTH = 6 * HOUR + 30 * MINUTE
SECONDS = LENGTH // SECOND
MINUTES = LENGTH // MINUTE
CENT = ONE // 100

PRICES = {"AURA": 42.0, "BOLT": 118.0, "CIRQ": 23.5, "DUNE": 67.0, "EMBR": 15.2, "FLUX": 204.0}
SYMBOLS = """\
# Whole shares, prices to the cent, New York hours.
defaults: {tick_size: 0.01, lot: 1, calendar: us-equities}
"""
"""What is to be known of them, as a symbols file."""
SURGES_A_DAY = 3
CALM_BEGINNING = 2100
"""Seconds without a surge."""
CALM_MOVE = 0.00012
"""A second's usual relative move."""

BATCH = 20_000
SOURCE = "tracker"


@dataclass(frozen=True, slots=True)
class Day:
    """What happened on the market, and what the tracker said of it."""

    market: Columns
    signals: list[Signal]

    def batches(self, length: int = BATCH) -> Iterator[Columns]:
        day = self.market
        for at in range(0, len(day), length):
            part = slice(at, at + length)
            numbers = (column[part] for column in (day.ts, day.price, day.size, day.bid, day.ask))
            yield columns_of(day.names, day.symbol[part], *numbers)


def simulated_day(seed: int = 5) -> Day:
    names = list(PRICES)
    random = [np.random.Generator(np.random.PCG64([seed, at])) for at in range(len(names))]
    tapes = [make_tape(one, PRICES[name]) for one, name in zip(random, names, strict=True)]
    signals = [signal for name, tape in zip(names, tapes, strict=True) for signal in _tracked(name, tape)]
    return Day(merged(names, tapes), sorted(signals, key=lambda signal: signal.ts))


@dataclass(slots=True)
class Tape:
    """One symbol's trades with the quotes around them."""

    ts: Ints
    price: Ints
    size: Ints
    bid: Ints
    ask: Ints


def make_tape(
    random: np.random.Generator,
    start: float,
    end: float | None = None,
    *,
    opens: int = OPEN,
    surges: int = SURGES_A_DAY,
    calm: int = CALM_BEGINNING,
) -> Tape:
    """A day from one price to another, or to wherever it goes."""
    moves = random.standard_normal(SECONDS) * CALM_MOVE
    busy = np.ones(SECONDS)
    for begin in _surge_starts(random, surges, calm):
        _add_surge(random, moves, busy, begin)
    for _ in range(2):
        moves[random.integers(SECONDS)] += random.choice([-1, 1]) * random.uniform(0.004, 0.009)
    if end is not None:
        moves += (math.log(end / start) - moves.sum()) / SECONDS
    path = start * np.exp(np.cumsum(moves))

    traded = random.random(SECONDS) < np.minimum(0.55 * busy, 0.98)
    for _ in range(3):
        quiet = int(random.integers(SECONDS - 300))
        traded[quiet : quiet + int(random.integers(90, 300))] = False
    at = np.flatnonzero(traded)
    ts = opens + at * SECOND + random.integers(0, SECOND, len(at))
    price = np.rint(path[at] * 100).astype(np.int64)
    spread = 1 + random.integers(0, 3, len(at)) + (price // 10_000)
    below = random.integers(0, spread + 1)
    size = np.ceil(random.lognormal(4.0, 0.8, len(at)) * busy[at]).astype(np.int64)
    bid = price - below
    return Tape(ts, price * CENT, size * ONE, bid * CENT, (bid + spread) * CENT)


def _surge_starts(random: np.random.Generator, surges: int, calm: int) -> list[int]:
    """Seconds of the day, one in each part of it, after a calm beginning."""
    part = (SECONDS - calm - 1500) // surges
    return [calm + number * part + int(random.integers(part - 1800)) for number in range(surges)]


def _add_surge(random: np.random.Generator, moves: Floats, busy: Floats, begin: int) -> None:
    """Volume jumps and the price runs; a run that fails turns and loses more than it won."""
    rise = int(random.integers(150, 420))
    fails = random.random() < 0.45
    after = int(random.integers(600, 1500))
    gain = random.uniform(0.008, 0.014)
    drift = -random.uniform(0.024, 0.034) if fails else random.uniform(0.018, 0.032)
    moves[begin : begin + rise] += gain / rise
    moves[begin + rise : begin + rise + after] += drift / after
    busy[begin : begin + rise] *= random.uniform(5.0, 9.0)
    crowd = random.uniform(1.2, 2.0) if fails else random.uniform(3.5, 5.0)
    busy[begin + rise : begin + rise + after] *= crowd


def merged(names: Sequence[str], tapes: Sequence[Tape]) -> Columns:
    """All tapes as one market, in the order of time, then of the symbols."""
    order = np.argsort(np.concatenate([tape.ts for tape in tapes]), kind="stable")
    symbol = np.concatenate([np.full(len(tape.ts), at, np.int32) for at, tape in enumerate(tapes)])

    def joined(field: str) -> Ints:
        column: Ints = np.concatenate([getattr(tape, field) for tape in tapes])[order]
        return column

    return columns_of(list(names), symbol[order], *map(joined, ("ts", "price", "size", "bid", "ask")))


def columns_of(names: list[str], symbol: npt.NDArray[np.int32], *numbers: Ints) -> Columns:
    ts, price, size, bid, ask = numbers
    return Columns(names, symbol, ts, price, size, bid, ask)


# The tracker -----------------------------------------------------------------------------------

LOOKS_BACK = 30
"""Minutes that say what is usual."""
FOLLOWS_FOR = 20
SURGE, STRONG = 3.0, 75.0
STOP, TARGET = 0.015, 0.03


def _tracked(name: str, tape: Tape) -> Iterator[Signal]:
    volume, close = minutes_of(tape)
    for minute, vsr, momentum in followed(volume, close, LOOKS_BACK):
        yield _signal(name, OPEN + (minute + 1) * MINUTE, int(close[minute]), vsr, momentum)


def followed(volume: Floats, close: Floats, first: int) -> Iterator[tuple[int, float, float]]:
    """Starts to follow at a surge with momentum, and speaks each minute while it follows."""
    follow_until = 0
    for minute in range(first, len(close)):
        vsr, momentum = vsr_at(volume, minute), momentum_at(close, minute)
        if minute >= follow_until and vsr >= SURGE and momentum >= STRONG:
            follow_until = minute + FOLLOWS_FOR
        if minute < follow_until:
            yield minute, vsr, momentum


def minutes_of(tape: Tape, opens: int = OPEN) -> tuple[Floats, Floats]:
    """Volume and last price of each minute; one without a trade keeps the price before."""
    minute = (tape.ts - opens) // MINUTE
    volume: Floats = np.bincount(minute, tape.size / ONE, MINUTES).astype(np.float64)
    last = np.maximum(np.searchsorted(minute, np.arange(MINUTES), side="right") - 1, 0)
    return volume, tape.price[last].astype(np.float64)


def vsr_at(volume: Floats, minute: int) -> float:
    """The minute's volume over what is usual."""
    usual = float(np.median(volume[minute - LOOKS_BACK : minute]))
    return float(volume[minute]) / usual if usual else 0.0


def momentum_at(close: Floats, minute: int, span: int = 3) -> float:
    """From 0 to 100: how unusual the move of the last minutes is."""
    moves = np.diff(np.log(close[minute - LOOKS_BACK : minute + 1]))
    usual = float(np.median(np.abs(moves))) / 0.6745
    strength = float(moves[-span:].sum()) / (usual * math.sqrt(span)) if usual else 0.0
    return 50 * (1 + math.erf(strength / math.sqrt(2)))


def _signal(name: str, ts: int, price: int, vsr: float, momentum: float) -> Signal:
    clock = (ts // MINUTE) % (24 * 60)
    return Signal(
        signal_id=f"{name}-{clock // 60:02}{clock % 60:02}",
        source=SOURCE,
        symbol=name,
        side="long",
        ts=ts,
        confidence=round(momentum / 100, 2),
        price=price,
        stop_loss=cents(price * (1 - STOP)),
        take_profit=cents(price * (1 + TARGET)),
        features={"vsr": round(vsr, 2), "momentum": round(momentum, 1)},
    )


def cents(price: float) -> int:
    return round(price / CENT) * CENT
