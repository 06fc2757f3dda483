"""A run of market records as numpy columns: the form in which the engine reads the market."""

from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]

TICK, BAR, CLOCK = 0, 1, 2

NOT_QUOTED = 0
"""In `bid`, `ask`, and in the `price` of a tick that is only a quote."""
NOT_KNOWN = -1
"""In `size` and `interval`."""


@dataclass(slots=True)
class Columns:
    """Market records in their log's order. Prices and sizes are in 1e-8, times in microseconds."""

    names: list[str]
    """What `symbol` indexes: symbols, and feeds for clocks."""
    symbol: npt.NDArray[np.int32]
    ts: Ints
    """Each record's own time; a bar's is its open."""
    price: Ints
    """Last of a tick, close of a bar."""
    size: Ints
    bid: Ints
    ask: Ints
    kind: npt.NDArray[np.int8] | None = None
    """None: all are ticks."""
    open: Ints | None = None
    high: Ints | None = None
    low: Ints | None = None
    interval: Ints | None = None

    def __len__(self) -> int:
        return len(self.ts)


FIELDS = tuple(field.name for field in fields(Columns) if field.name != "names")
"""Those that have a value a record."""
