"""Searching columns of numbers: where a level is first reached, how far a range went.

Rules of this file: `top` and `bottom` are what each record reached (equal for ticks, high and low for bars).
A pyramid of extremes, each level 64 times shorter, is built when the first long search needs it.
"""

import numpy as np

from schemas.columns import Ints
from streams.engine.model.units import FOREVER, ONE

SELL, BUY, MARK = 0, 1, 2
"""The columns of a symbol: what sells match, what buys match, what positions are worth."""

STEP = 64
SHORT = 4 * STEP


class Column:
    """One price column of one symbol's records."""

    __slots__ = ("_bottoms", "_tops", "_whole", "bottom", "top")

    def __init__(self, top: Ints, bottom: Ints, whole: tuple[int, int] | None = None) -> None:
        self.top = top
        self.bottom = bottom
        self._tops: list[Ints] = [top]
        self._bottoms: list[Ints] = [bottom]
        self._whole = whole
        """Highest and lowest of all, once they are known."""

    def head(self, end: int) -> "Column":
        """The first records, with as much of the pyramid as is theirs."""
        head = Column(self.top[:end], self.bottom[:end])
        for level, (tops, bottoms) in enumerate(zip(self._tops[1:], self._bottoms[1:], strict=True), start=1):
            head._tops.append(tops[: end // STEP**level])
            head._bottoms.append(bottoms[: end // STEP**level])
        return head

    def first(self, start: int, end: int, above: int, below: int) -> int:
        """The first record in [start, end) at or above `above`, or at or below `below`; -1 if none is."""
        if above >= FOREVER and below <= -FOREVER:
            return -1
        return self._first(0, start, end, above, below)

    def _first(self, level: int, start: int, end: int, above: int, below: int) -> int:
        if end - start <= SHORT or not self._raise_to(level + 1):
            return self._scan(level, start, end, above, below)
        border = min(end, -(-start // STEP) * STEP)
        found = self._scan(level, start, border, above, below)
        if found >= 0:
            return found
        block = self._first(level + 1, border // STEP, end // STEP, above, below)
        if block >= 0:
            return self._scan(level, block * STEP, block * STEP + STEP, above, below)
        return self._scan(level, max(border, end // STEP * STEP), end, above, below)

    def _scan(self, level: int, start: int, end: int, above: int, below: int) -> int:
        if start >= end:
            return -1
        if below <= -FOREVER:
            hit = self._tops[level][start:end] >= above
        else:
            hit = self._bottoms[level][start:end] <= below
            if above < FOREVER:
                hit |= self._tops[level][start:end] >= above
        at = int(hit.argmax())
        return start + at if hit[at] else -1

    def extremes(self, start: int, end: int) -> tuple[int, int]:
        """Highest and lowest of the records in [start, end), which is not empty."""
        if start or end < len(self.top):
            return self._extremes(start, end)
        if self._whole is None:
            self._whole = self._extremes(start, end)
        return self._whole

    def _extremes(self, start: int, end: int) -> tuple[int, int]:
        highest, lowest = -FOREVER, FOREVER
        level = 0
        while end - start > SHORT and self._raise_to(level + 1):
            border, last = -(-start // STEP) * STEP, end // STEP * STEP
            for a, b in ((start, border), (last, end)):
                if a < b:
                    highest = max(highest, int(self._tops[level][a:b].max()))
                    lowest = min(lowest, int(self._bottoms[level][a:b].min()))
            level, start, end = level + 1, border // STEP, last // STEP
        if start < end:
            highest = max(highest, int(self._tops[level][start:end].max()))
            lowest = min(lowest, int(self._bottoms[level][start:end].min()))
        return highest, lowest

    def trail(self, start: int, end: int, side: int, extreme: int, share: int, amount: int) -> int:
        """The first record in [start, end) that may reach a stop trailing the extreme; -1 if none can.

        The stop is taken before the record moves it, and never too far: a candidate may prove false.
        """
        best = side * extreme
        if end - start <= SHORT or not self._raise_to(1):
            return self._trail_exactly(start, end, side, best, share, amount)[0]
        border = min(end, -(-start // STEP) * STEP)
        found, best = self._trail_exactly(start, border, side, best, share, amount)
        if found >= 0:
            return found
        found, best = self._trail_blocks(border // STEP, end // STEP, side, best, share, amount)
        if found >= 0:
            return found
        return self._trail_exactly(max(border, end // STEP * STEP), end, side, best, share, amount)[0]

    def _trail_blocks(
        self, block: int, last: int, side: int, best: int, share: int, amount: int
    ) -> tuple[int, int]:
        window = STEP
        while block < last:
            until = min(last, block + window)
            marks = self._marks(1, block, until, side, best)
            reached = self._adverse(1, block, until, side) <= _stops(marks[1:], share, amount)
            for at in np.flatnonzero(reached).tolist():
                begin = (block + at) * STEP
                found, _ = self._trail_exactly(begin, begin + STEP, side, int(marks[at]), share, amount)
                if found >= 0:
                    return found, best
            best = int(marks[-1])
            block, window = until, min(window * 4, STEP * STEP * 4)
        return -1, best

    def _trail_exactly(
        self, start: int, end: int, side: int, best: int, share: int, amount: int
    ) -> tuple[int, int]:
        if start >= end:
            return -1, best
        marks = self._marks(0, start, end, side, best)
        hit = self._adverse(0, start, end, side) <= _stops(marks[:-1], share, amount)
        at = int(hit.argmax())
        return (start + at if hit[at] else -1), int(marks[-1])

    def _marks(self, level: int, start: int, end: int, side: int, best: int) -> Ints:
        marks = np.empty(end - start + 1, np.int64)
        marks[0] = best
        marks[1:] = self._tops[level][start:end] if side > 0 else -self._bottoms[level][start:end]
        np.maximum.accumulate(marks, out=marks)
        return marks

    def _adverse(self, level: int, start: int, end: int, side: int) -> Ints:
        return self._bottoms[level][start:end] if side > 0 else -self._tops[level][start:end]

    def _raise_to(self, level: int) -> bool:
        """Make the level exist; False when it would be too short to help."""
        while len(self._tops) <= level:
            tops, bottoms = self._tops[-1], self._bottoms[-1]
            whole = len(tops) // STEP * STEP
            if whole < SHORT:
                return False
            starts = np.arange(0, whole, STEP)  # reduceat: three times as fast as a reshaped max(axis=1)
            self._tops.append(np.maximum.reduceat(tops[:whole], starts))
            self._bottoms.append(np.minimum.reduceat(bottoms[:whole], starts))
        return True


def _stops(best: Ints, share: int, amount: int) -> Ints:
    """Where the trailing stop lies at most, for signed extremes."""
    if not share:
        return best - amount
    size = np.abs(best)
    stops: Ints = best - (size // ONE * share + size % ONE * share // ONE)
    return stops
