"""Columns to a market's records, for who publishes many ticks.

Rules of this file: what it writes, `codec.encode` would write tick by tick, to the byte.
"""

from functools import cache

import numpy as np
import numpy.typing as npt

from schemas.catalog import catalog
from schemas.columns import Columns, Ints
from schemas.kinds import TickBatch
from schemas.wire.tick_record import FIELDS
from schemas.wire.varints import LONGEST

RUN = 2048
"""Ticks at once: their bytes stay in the cache."""

_SHIFTS = np.arange(0, 7 * LONGEST, 7, dtype=np.uint64)
_SEVEN = np.uint64(0x7F)


def write_ticks(columns: Columns) -> tuple[list[bytes], list[bytes]]:
    """(keys, values) of Avro ticks. The columns hold ticks only."""
    if columns.kind is not None and columns.kind.any():
        raise ValueError("only ticks can be written as ticks")
    names = [name.encode() for name in columns.names]
    keys = [names[number] for number in columns.symbol.tolist()]
    longs = _longs(columns)
    values: list[bytes] = []
    for start in range(0, len(columns), RUN):
        values += _write_run(_header(), longs[:, start : start + RUN])
    return keys, values


def tick_batch(columns: Columns) -> TickBatch:
    """One record's worth of ticks; the columns hold ticks of one symbol only."""
    symbols = np.unique(columns.symbol)
    if symbols.size != 1 or (columns.kind is not None and columns.kind.any()):
        raise ValueError("a tick batch holds ticks of one symbol")
    packed = {name: getattr(columns, name).astype("<i8").tobytes() for name in FIELDS}
    return TickBatch(symbol=columns.names[int(symbols[0])], **packed)


def _longs(columns: Columns) -> Ints:
    longs: Ints = np.array([getattr(columns, name) for name in FIELDS], np.int64)
    return longs


@cache
def _header() -> bytes:
    return catalog().schemas.current("tick").header


def _write_run(header: bytes, longs: Ints) -> list[bytes]:
    zigzag = ((longs << 1) ^ (longs >> 63)).view(np.uint64)
    groups = zigzag.T[:, :, None] >> _SHIFTS
    more = groups > _SEVEN
    octets = (groups & _SEVEN).astype(np.uint8)
    octets |= more.view(np.uint8) << 7
    used = np.ones(octets.shape, np.bool_)
    used[:, :, 1:] = more[:, :, :-1]
    return _join(header, octets, used)


def _join(header: bytes, octets: npt.NDArray[np.uint8], used: npt.NDArray[np.bool_]) -> list[bytes]:
    count = len(octets)
    whole = np.empty((count, len(header) + octets[0].size), np.uint8)
    whole[:, : len(header)] = np.frombuffer(header, np.uint8)
    whole[:, len(header) :] = octets.reshape(count, -1)
    kept = np.ones(whole.shape, np.bool_)
    kept[:, len(header) :] = used.reshape(count, -1)
    joined = whole[kept].tobytes()
    ends = np.cumsum(kept.sum(axis=1)).tolist()
    return [joined[start:end] for start, end in zip([0, *ends], ends, strict=False)]
