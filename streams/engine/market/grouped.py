"""A run's records by symbol: where each symbol's begin and end once they stand together."""

import numpy as np
import numpy.typing as npt

from schemas.columns import Columns, Ints

Flags = npt.NDArray[np.bool_]


class Grouped:
    """Each symbol's records together, in their order."""

    __slots__ = ("ends", "order", "starts", "symbols")

    def __init__(self, columns: Columns, chosen: Flags | None = None) -> None:
        """`chosen`: these records alone."""
        symbol = columns.symbol
        self.order: npt.NDArray[np.intp] | None = None
        """The records' places; None: as they stand."""
        if chosen is None and (symbol == symbol[0]).all():
            self.starts, self.ends, self.symbols = np.zeros(1, np.int64), np.array([len(symbol)]), symbol[:1]
            return
        order = places_by_symbol(symbol, len(columns.names))
        self.order = order if chosen is None else order[chosen[order]]
        together = symbol[self.order]
        is_first = np.ones(len(together), np.bool_)
        is_first[1:] = together[1:] != together[:-1]
        self.starts = np.flatnonzero(is_first)
        self.ends = np.append(self.starts[1:], len(together))
        self.symbols = together[self.starts]
        """What the run's names are numbered by."""

    def __len__(self) -> int:
        return len(self.starts)

    def of(self, values: Ints) -> Ints:
        return values if self.order is None else values[self.order]

    def highest(self, together: Ints) -> Ints:
        highest: Ints = np.maximum.reduceat(together, self.starts)
        return highest

    def lowest(self, together: Ints) -> Ints:
        lowest: Ints = np.minimum.reduceat(together, self.starts)
        return lowest


def places_by_symbol(symbol: npt.NDArray[np.int32], names: int) -> npt.NDArray[np.intp]:
    """The records' places, each symbol's together and in order."""
    small = names <= np.iinfo(np.int16).max  # such numbers are sorted by radix; long runs are found faster
    if small and np.count_nonzero(symbol[1:] != symbol[:-1]) > len(symbol) // 16:
        symbol = symbol.astype(np.int16)
    return np.argsort(symbol, kind="stable")
