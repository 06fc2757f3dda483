"""Records of a log as they were read, field by field: a million a second need no object each.

Rules of this file: to whoever looks at one record it is a sequence of `Raw`.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import overload

import numpy as np
import numpy.typing as npt

from streams.transport.contract.machine import Raw

Longs = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Raws(Sequence[Raw]):
    """Consecutive records."""

    offsets: Longs
    timestamps: Longs
    keys: list[bytes | None]
    values: list[bytes | None]

    @classmethod
    def of(cls, raws: Iterable[Raw]) -> "Raws":
        if isinstance(raws, Raws):
            return raws
        offsets, timestamps, keys, values = zip(*raws, strict=True)
        return cls(np.array(offsets, np.int64), np.array(timestamps, np.int64), [*keys], [*values])

    @classmethod
    def joined(cls, parts: Sequence["Raws"]) -> "Raws":
        """At least one, one behind the other."""
        if len(parts) == 1:
            return parts[0]
        return cls(
            np.concatenate([part.offsets for part in parts]),
            np.concatenate([part.timestamps for part in parts]),
            [key for part in parts for key in part.keys],
            [value for part in parts for value in part.values],
        )

    def __len__(self) -> int:
        return len(self.values)

    def __iter__(self) -> Iterator[Raw]:
        return map(Raw, self.offsets.tolist(), self.timestamps.tolist(), self.keys, self.values)

    @overload
    def __getitem__(self, at: int) -> Raw: ...
    @overload
    def __getitem__(self, at: slice) -> "Raws": ...
    def __getitem__(self, at: int | slice) -> "Raw | Raws":
        if isinstance(at, slice):
            return Raws(self.offsets[at], self.timestamps[at], self.keys[at], self.values[at])
        return Raw(int(self.offsets[at]), int(self.timestamps[at]), self.keys[at], self.values[at])
