"""Producers of signals that watch a market: one for each preset, each with its own source.

Rules of this file: a producer speaks of a minute when it has passed, from that minute and those before it.
Its signals take effect a little later, when they have travelled.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from schemas.messages import Side, Signal
from schemas.text.numbers import time_text
from streams.engine.model.units import SECOND
from streams.feeds.market_day import MINUTES, STOP, TARGET, cents, followed
from streams.feeds.past import Past

TRAVELS = 5 * SECOND
"""Event time: at sixty times the market's speed a twelfth of a second."""

Said = Iterator[tuple[int, Signal]]
"""Minutes of the day, from 0, and what is said of each."""
Producer = Callable[[Past], Said]


def track(past: Past) -> Said:
    """Follows surges of volume that have momentum, a signal a minute."""
    for minute, vsr, momentum in followed(past.volume, past.close, MINUTES):
        if minute in past.minutes():
            yield _said(
                past, minute, "tracker", "long",
                confidence=momentum / 100,
                levels=(TARGET, STOP),
                features={"vsr": vsr, "momentum": momentum},
                tags=("surge",),
            )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Theorist:
    """Follows unusual moves, up and down, and says what speaks for each."""

    source: str
    strength: float
    """How unusual a move must be, from 50 to 100."""
    span: int
    """Minutes that a move takes."""
    rests: int
    """Minutes that it leaves a symbol alone then."""
    levels: tuple[float, float] | None = None
    """Target and stop; None: the account's."""

    def __call__(self, past: Past) -> Said:
        rests_until = 0
        for minute in past.minutes():
            momentum = past.momentum(minute, self.span)
            if minute < rests_until or abs(momentum - 50) < self.strength - 50:
                continue
            rests_until = minute + self.rests
            side: Side = "long" if momentum > 50 else "short"
            vsr, ahead = past.vsr(minute), past.over_vwap(minute) * (1 if side == "long" else -1)
            theories = {
                "trend": 0.4 * abs(momentum - 50) / 50,
                "crowd": 0.35 * min(vsr / 3, 1),
                "room": 0.25 * min(max(1 - ahead / 0.015, 0), 1),
            }
            yield _said(
                past, minute, self.source, side,
                confidence=sum(theories.values()),
                levels=self.levels,
                features={"vsr": vsr, "momentum": momentum, "over_vwap": past.over_vwap(minute)},
                theories=theories,
                tags=(max(theories, key=theories.__getitem__),),
            )  # fmt: skip


# The agent -------------------------------------------------------------------------------------

EVERY = 5
BARS = 100
"""Minutes that a breakout leaves behind."""
STRETCHED, BACK = 0.006, 0.001
AGENT_SURGE = 2.5
AGENT_HOLDS = 30
"""Minutes."""
LAST_ENTRY, LAST_EXIT = 2 * MINUTES - 40, 2 * MINUTES - 10
AGENT_LEVELS = (0.02, 0.01)


def match(past: Past) -> Said:
    """Matchers, run at every fifth minute: what one of them opens, its end or half an hour closes."""
    held: tuple[str, int] | None = None
    for minute in past.minutes():
        if (minute + 1) % EVERY:
            continue
        if held is not None:
            if _is_over(past, minute, *held):
                held = None
                yield _said(past, minute, "agent", "flat")
            continue
        found = _found(past, minute) if minute <= LAST_ENTRY else None
        if found is not None:
            matcher, side = found
            held = matcher, minute
            yield _said(
                past, minute, "agent", side,
                confidence=past.vsr(minute) / (1 + past.vsr(minute)),
                levels=AGENT_LEVELS,
                features={"vsr": past.vsr(minute), "over_vwap": past.over_vwap(minute)},
                theories={matcher: 1.0},
                tags=(matcher,),
            )  # fmt: skip


def _found(past: Past, minute: int) -> tuple[str, Side] | None:
    """Which matcher has found something, and what."""
    close = past.close
    before = close[minute - BARS : minute - EVERY + 1]
    is_rising = close[minute] > close[minute - EVERY]
    if close[minute] > before.max() or close[minute] < before.min():
        return "breakout", "long" if is_rising else "short"
    if past.vsr(minute) >= AGENT_SURGE:
        return "volume-surge", "long" if is_rising else "short"
    if abs(past.over_vwap(minute)) >= STRETCHED:
        return "vwap-deviation", "short" if past.over_vwap(minute) > 0 else "long"
    return None


def _is_over(past: Past, minute: int, matcher: str, since: int) -> bool:
    is_back = matcher == "vwap-deviation" and abs(past.over_vwap(minute)) <= BACK
    return is_back or minute - since >= AGENT_HOLDS or minute >= LAST_EXIT


# Signals ---------------------------------------------------------------------------------------


def _said(
    past: Past,
    minute: int,
    source: str,
    side: Side,
    *,
    confidence: float | None = None,
    levels: tuple[float, float] | None = None,
    features: dict[str, float] | None = None,
    theories: dict[str, float] | None = None,
    tags: tuple[str, ...] = (),
) -> tuple[int, Signal]:
    ended, price = past.ended(minute), int(past.close[minute])
    up = 1 if side == "long" else -1
    exits: dict[str, Any] = {}
    if levels is not None:
        target, stop = levels
        exits = {"take_profit": cents(price * (1 + up * target)), "stop_loss": cents(price * (1 - up * stop))}
    return minute - MINUTES, Signal(
        signal_id=f"{source}-{past.symbol}-{_digits(ended)}",
        source=source,
        symbol=past.symbol,
        side=side,
        ts=ended + TRAVELS,
        confidence=None if confidence is None else round(confidence, 2),
        price=price,
        features=_rounded(features),
        theories=_rounded(theories),
        tags=tags,
        **exits,
    )


def _digits(time: int) -> str:
    """To the minute: 20260105-1553."""
    day, clock = str(time_text(time)).split("T")
    return f"{day.replace('-', '')}-{clock[:5].replace(':', '')}"


def _rounded(numbers: dict[str, float] | None) -> dict[str, float]:
    return {name: round(number, 4) for name, number in (numbers or {}).items()}


PRODUCERS: dict[str, Producer] = {
    "tracker": track,
    "scanner": Theorist("scanner", strength=93, span=3, rests=4, levels=(0.009, 0.006)),
    "conviction": Theorist("conviction", strength=90, span=5, rests=10, levels=(0.01, 0.007)),
    "scalper": Theorist("scalper", strength=92, span=2, rests=12),
    "swing": Theorist("swing", strength=88, span=15, rests=20),
    "agent": match,
}

FOLLOWED = {
    "vsr-slicer": "tracker",
    "auto-trader": "scanner",
    "auto-trader-conservative": "conviction",
    "auto-trader-tight": "scalper",
    "auto-trader-swing": "swing",
    "agent-graduation": "agent",
}
"""Each preset's source."""
