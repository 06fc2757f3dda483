"""A tick as five longs: how its absent fields are written in Avro and in columns.

Rules of this file: 0 is not quoted, size -1 is not known. A price that was sent as 0 is written as -1, which
no market has either, so that it is not taken for a quote without a price.
"""

from collections.abc import Sequence

import numpy as np

from schemas.columns import NOT_KNOWN, NOT_QUOTED, Ints
from schemas.errors import MessageError
from schemas.kinds import TickBatch
from schemas.messages import Tick
from schemas.text.numbers import TIME_END
from schemas.wire.avro_schemas import Schema
from schemas.wire.varints import LongRecords

FIELDS = ("ts", "price", "size", "bid", "ask")


def tick_records(schema: Schema) -> LongRecords:
    """A reader of the records that this version of a tick writes."""
    return LongRecords(schema.header, len(FIELDS))


def longs_of(tick: Tick) -> tuple[int, int, int, int, int]:
    price = NOT_QUOTED if tick.price is None else tick.price or -1
    size = NOT_KNOWN if tick.size is None else tick.size
    return tick.ts, price, size, tick.bid or NOT_QUOTED, tick.ask or NOT_QUOTED


def tick_of(symbol: str, longs: Sequence[int]) -> Tick:
    ts, price, size, bid, ask = longs
    return Tick(
        symbol=symbol,
        ts=ts,
        price=None if price == NOT_QUOTED else price,
        size=None if size == NOT_KNOWN else size,
        bid=None if bid == NOT_QUOTED else bid,
        ask=None if ask == NOT_QUOTED else ask,
    )


def batch_columns(batch: TickBatch) -> list[Ints]:
    """The five columns of a batch that was checked."""
    return [np.frombuffer(getattr(batch, field), "<i8").astype(np.int64, copy=False) for field in FIELDS]


def check_batch(batch: TickBatch) -> TickBatch:
    """The batch, or what is wrong with it."""
    size = len(batch.ts)
    if not size or size % 8:
        raise MessageError("ts", f"{size} bytes", "8 bytes a tick, at least one tick")
    for field in FIELDS[1:]:
        if len(getattr(batch, field)) != size:
            raise MessageError(field, f"{len(getattr(batch, field))} bytes", f"{size} bytes, like ts")
    columns = batch_columns(batch)
    ts, _, sizes, _, _ = columns
    for wrong, field, expected in (
        ((ts < 0) | (ts >= TIME_END), "ts", "microseconds since 1970, before the year 10000"),
        (sizes < NOT_KNOWN, "size", "0 or more, or -1 when it is not known"),
    ):
        if wrong.any():
            at = int(np.argmax(wrong))
            raise MessageError(f"{field}.{at}", str(int(columns[FIELDS.index(field)][at])), expected)
    return batch
