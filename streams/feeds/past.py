"""What a producer has seen of one symbol: the minutes of the day before, and today's.

Rules of this file: what is asked of a minute comes from that minute and those before it.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from streams.engine.model.units import MINUTE
from streams.feeds.market_day import MINUTES, Floats, momentum_at, vsr_at

Minutes = tuple[Floats, Floats]
"""Volume and last price of each."""


@dataclass(frozen=True)
class Past:
    symbol: str
    opens: int
    volume: Floats
    close: Floats
    """Both begin with the day before: today's first minute is `MINUTES`."""

    @classmethod
    def of(cls, symbol: str, opens: int, before: Minutes, today: Minutes) -> "Past":
        volume, close = (np.concatenate(pair) for pair in zip(before, today, strict=True))
        return cls(symbol, opens, volume, close)

    def minutes(self) -> range:
        """Today's, without the last: nobody would trade on it."""
        return range(MINUTES, len(self.close) - 1)

    def ended(self, minute: int) -> int:
        """When the minute had passed."""
        return self.opens + (minute - MINUTES + 1) * MINUTE

    def vsr(self, minute: int) -> float:
        return vsr_at(self.volume, minute)

    def momentum(self, minute: int, span: int = 3) -> float:
        return momentum_at(self.close, minute, span)

    def over_vwap(self, minute: int) -> float:
        """How far the price is above today's volume-weighted average."""
        return float(self.close[minute] / self._vwap[minute - MINUTES]) - 1

    @cached_property
    def _vwap(self) -> Floats:
        volume, close = self.volume[MINUTES:], self.close[MINUTES:]
        traded = np.maximum(np.cumsum(volume), 1)
        vwap: Floats = np.where(np.cumsum(volume) > 0, np.cumsum(volume * close) / traded, close)
        return vwap
