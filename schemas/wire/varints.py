"""Many Avro records of longs at once: every field of every record in a few passes over one buffer.

Rules of this file:
- A record is a constant header and a fixed number of longs. A long is a zigzag number in groups of seven
  bits, lowest first; its last byte is the one without the top bit, which is how a whole batch is cut up.
- What is not exactly such a record is not read at all.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from schemas.columns import Ints
from schemas.errors import MessageError, shorten

Words = npt.NDArray[np.uint64]
Flags = npt.NDArray[np.bool_]

LONGEST = 10
PIECE = 2_500
"""Records that are read at once: for greater arrays the system may give new memory each time, which takes as
long as reading them."""
_WORD = np.dtype("<u8")
_PAD = bytes(16)

_BYTE_MASKS = np.array([(1 << 8 * min(size, 8)) - 1 for size in range(LONGEST + 1)], np.uint64)
_SEVENS = np.uint64(0x7F7F7F7F7F7F7F7F)
_MASKS = _BYTE_MASKS & _SEVENS
_ONE = np.uint64(1)

_FOLDS = tuple(
    (np.uint64(high), np.uint64(low), np.uint64(shift))
    for high, low, shift in (
        (0x7F007F007F007F00, 0x007F007F007F007F, 1),
        (0x3FFF00003FFF0000, 0x00003FFF00003FFF, 2),
        (0x0FFFFFFF00000000, 0x000000000FFFFFFF, 4),
    )
)
"""Neighbouring groups of 7, 14 and 28 bits are pushed together: the upper ones move down by the shift."""


class LongRecords:
    """Reads records of `count` longs behind `header`."""

    def __init__(self, header: bytes, count: int) -> None:
        if len(header) != LONGEST:
            raise ValueError("a single-object header has ten bytes")
        self.header = header
        self.count = count
        self._ends_in_header = sum(byte < 0x80 for byte in header)
        self._head = np.frombuffer(header[:8], _WORD)[0]
        self._tail = np.frombuffer(header[2:], _WORD)[0]

    def read(self, values: Sequence[bytes]) -> Ints | None:
        """A row a field and a column a record; None when one value is anything else."""
        if not values or values[0][: len(self.header)] != self.header:
            return None
        if len(values) <= PIECE:
            return self._read_piece(values)
        found = []
        for start in range(0, len(values), PIECE):
            longs = self._read_piece(values[start : start + PIECE])
            if longs is None:
                return None
            found.append(longs)
        return np.concatenate(found, axis=1)

    def _read_piece(self, values: Sequence[bytes]) -> Ints | None:
        batch = _Batch(values)
        if not batch.size or not self._has_headers(batch).all():
            return None
        ends = self._ends(batch)
        return None if ends is None else self._longs(batch, ends)

    def read_one(self, value: bytes) -> list[int]:
        """The longs of one record."""
        longs = self.read([value])
        if longs is None:
            raise MessageError("value", shorten(value), f"{self.count} longs of at most 64 bits")
        found: list[int] = longs[:, 0].tolist()
        return found

    def read_some(self, values: Sequence[bytes]) -> tuple[Ints, Ints]:
        """(which values are such records, their fields)."""
        chosen = self._likely(values)
        longs = self.read([values[at] for at in chosen.tolist()])
        if longs is None:
            chosen = np.array([at for at in chosen.tolist() if self.read([values[at]]) is not None], np.int64)
            longs = self.read([values[at] for at in chosen.tolist()])
        if longs is None:
            longs = np.empty((self.count, 0), np.int64)
        return chosen, longs

    def _likely(self, values: Sequence[bytes]) -> Ints:
        """Values with the header and the right number of longs; one may still be too long."""
        size = len(self.header)
        likely = (value.startswith(self.header) and len(value) > size for value in values)
        chosen = np.flatnonzero(np.fromiter(likely, np.bool_, len(values)))
        if not chosen.size:
            return chosen
        batch = _Batch([values[at] for at in chosen.tolist()])
        ends = np.add.reduceat(batch.is_end, batch.starts, dtype=np.int64)
        good: Flags = batch.is_end[batch.lasts] & (ends == self._ends_in_header + self.count)
        return chosen[good]

    def _has_headers(self, batch: "_Batch") -> Flags:
        words = batch.words
        found: Flags = words[batch.starts] == self._head
        found &= words[batch.starts + 2] == self._tail
        return found

    def _ends(self, batch: "_Batch") -> Ints | None:
        """Where each long ends; None unless every value ends with its last long."""
        each = self._ends_in_header + self.count
        ends = np.flatnonzero(batch.is_end)
        if ends.size != batch.size * each:
            return None
        rows = ends.reshape(batch.size, each)
        if not np.array_equal(rows[:, -1], batch.lasts):
            return None
        return np.ascontiguousarray(rows[:, self._ends_in_header :].T)

    def _longs(self, batch: "_Batch", ends: Ints) -> Ints | None:
        starts = np.empty_like(ends)
        np.add(batch.starts, len(self.header), out=starts[0])
        np.add(ends[:-1], 1, out=starts[1:])
        sizes = ends - starts
        sizes += 1
        longest = int(sizes.max())
        if longest > LONGEST:
            return None
        found = batch.words[starts]
        found &= _MASKS[sizes]
        _fold(found)
        if longest > 8 and not _add_last_bytes(found, batch.bytes, starts, sizes):
            return None
        return _unzigzag(found)


class _Batch:
    """Values one behind the other, with room for a word behind the last."""

    def __init__(self, values: Sequence[bytes]) -> None:
        self.size = len(values)
        lengths = np.fromiter(map(len, values), np.int64, self.size)
        self.lasts = np.cumsum(lengths)
        self.starts = self.lasts - lengths
        self.lasts -= 1
        joined = b"".join([*values, _PAD])
        total = len(joined) - len(_PAD)
        self.bytes = np.frombuffer(joined, np.uint8)
        self.is_end = self.bytes[:total].view(np.int8) >= 0
        self.words: Words = np.ndarray((total + 8,), _WORD, joined, strides=(1,))
        """The eight bytes from each position on."""


def _fold(groups: Words) -> None:
    """Seven bits of each byte become 56 bits."""
    upper = np.empty_like(groups)
    for high, low, shift in _FOLDS:
        np.bitwise_and(groups, high, out=upper)
        upper >>= shift
        groups &= low
        groups |= upper


def _add_last_bytes(found: Words, octets: npt.NDArray[np.uint8], starts: Ints, sizes: Ints) -> bool:
    """The ninth and tenth byte of the longest longs; False when one has more than 64 bits."""
    where = np.nonzero(sizes > 8)
    first, size = starts[where], sizes[where]
    ninth = octets[first + 8].astype(np.uint64) & np.uint64(0x7F)
    tenth = np.where(size > 9, octets[first + 9], 0).astype(np.uint64)
    if (tenth > _ONE).any():
        return False
    found[where] |= ninth << np.uint64(56) | tenth << np.uint64(63)
    return True


def _unzigzag(found: Words) -> Ints:
    sign = found & _ONE
    longs, signs = found.view(np.int64), sign.view(np.int64)
    found >>= _ONE
    np.negative(signs, out=signs)
    longs ^= signs
    return longs
