"""What the accounts of a shard have together. None of it decides anything: it is kept once, not in each."""

from copy import copy

from streams.engine.account.signal_memory import SignalMemory
from streams.engine.market.extremes import PriceRanges
from streams.engine.market.indicators import CORRELATED_DAYS
from streams.engine.model.settings import Settings
from streams.engine.model.units import DAY, HOUR, MINUTE
from streams.engine.rules.sizing import needs_atr

USUAL_BARS = dict.fromkeys((MINUTE, 5 * MINUTE, 15 * MINUTE, HOUR, DAY), CORRELATED_DAYS + 2)
"""Kept where accounts may come at any time: what nearly all of them look at, from the market's beginning."""


class LateEntries:
    """How many entries were late, each for whichever account."""

    def __init__(self) -> None:
        self.count = 0
        self._numbers: set[int] = set()

    def add(self, number: int) -> None:
        """It counts once, however many accounts it is late for."""
        if number not in self._numbers:
            self._numbers.add(number)
            self.count += 1

    def forget(self) -> None:
        """No account comes to an entry any more that has arrived."""
        self._numbers.clear()


class Shared:
    """Shared memory."""

    def __init__(self, histories: dict[int, int] | None = None, late: LateEntries | None = None) -> None:
        self.late = late or LateEntries()
        self.signals = SignalMemory()
        self.ranges = PriceRanges()
        self.waiting: dict[int, int] = {}
        """Numbers of entries, and in how many accounts each waits."""
        self.histories = {} if histories is None else histories
        """Which bars the market keeps, by interval, and how many."""

    def apart(self) -> "Shared":
        """For accounts that follow behind the others: the same, but for how far prices went."""
        other = copy(self)
        other.ranges = self.ranges.copy()
        return other

    def serve(self, settings: Settings) -> None:
        """Keep what an account with these settings looks at, from now on."""
        self.signals.remember_for(settings.dedupe_for)
        for interval, keep in wanted_histories(settings).items():
            self.histories[interval] = max(keep, self.histories.get(interval, 0))


def wants_sessions(settings: Settings) -> bool:
    return any(condition.kind == "above_vwap" for part in settings.slices for condition in part.conditions)


def wanted_histories(settings: Settings) -> dict[int, int]:
    """Which bars the settings look at, and how many of them."""
    wanted = {}
    if needs_atr(settings):
        wanted[settings.atr_interval] = settings.atr_length + 2
    if settings.max_correlated is not None:
        wanted[DAY] = max(wanted.get(DAY, 0), CORRELATED_DAYS + 2)
    return wanted
