"""Reading a log as fast as Python can: whole record batches at a time, field by field.

Rules of this file: nothing that was corrupted, aborted or written by Kafka for itself is given; what the
position has passed is not given again.
"""

import asyncio
import operator
import time
from collections.abc import Iterator
from typing import Any

import numpy as np
from aiokafka import AIOKafkaConsumer
from aiokafka.consumer.fetcher import READ_COMMITTED, FetchError
from aiokafka.errors import ConsumerStoppedError, CorruptRecordException, KafkaError
from aiokafka.structs import TopicPartition

from streams.transport.contract.machine import Raw
from streams.transport.kafka.raws import Raws

LOG_APPEND_TIME = 1

_offset, _timestamp, _key, _value = map(operator.attrgetter, Raw._fields)


class FastConsumer(AIOKafkaConsumer):  # type: ignore[misc]  # it has no types
    """An aiokafka consumer for partitions that are assigned and sought by hand."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(auto_offset_reset="none", enable_auto_commit=False, **settings)
        self._error: Exception | None = None

    async def batches(self, timeout_ms: int = 0) -> dict[TopicPartition, Raws]:
        """What was fetched of each partition; empty when nothing came in time."""
        deadline = time.monotonic() + timeout_ms / 1000
        while True:
            if self._closed or self._fetcher._closed:
                raise ConsumerStoppedError
            self._raise_error()
            found = self._take()
            if not found:
                self._raise_error()
            left = deadline - time.monotonic()
            if found or left <= 0:
                return found
            waiter = self._fetcher._create_fetch_waiter()
            await asyncio.wait([waiter], timeout=left)
            if waiter.done():
                waiter.result()
            else:
                waiter.cancel()

    def _raise_error(self) -> None:
        error, self._error = self._error, None
        if error is not None:
            raise error

    def _take(self) -> dict[TopicPartition, Raws]:
        fetcher = self._fetcher
        found: dict[TopicPartition, Raws] = {}
        for partition in list(fetcher._records):
            result = fetcher._records.pop(partition)
            fetcher._notify(fetcher._wait_consume_future)
            try:
                records = _all_of(result, partition)
            except KafkaError as error:
                self._error = error  # told after what the other partitions brought
            else:
                if records is not None:
                    found[partition] = records
        return found


def _all_of(result: Any, partition: TopicPartition) -> Raws | None:
    """Every record of a fetch, unless the position was moved elsewhere meanwhile; moves it behind them."""
    if isinstance(result, FetchError):
        result.check_raise()
    if not result.has_more() or not result.check_assignment(partition):
        return None
    fetched = result._partition_records
    fetched._records_iterator = None  # a circle, which would keep the fetch until the garbage collector comes
    parts: list[Raws] = []
    for batch in _data_batches(fetched):
        part = _read(batch)
        if len(part) and part.offsets[0] < fetched.next_fetch_offset:
            part = part[int(part.offsets.searchsorted(fetched.next_fetch_offset)) :]
        if len(part):
            parts.append(part)
        fetched.next_fetch_offset = batch.next_offset
    result._update_position()
    return Raws.joined(parts) if parts else None


def _read(batch: Any) -> Raws:
    """What a batch says of all its records it says once."""
    base, records = batch.base_offset, [*batch]
    count = len(records)
    if batch.next_offset - base == count:
        offsets = np.arange(base, base + count)
    else:  # compaction took some away
        offsets = np.fromiter(map(_offset, records), np.int64, count)
    if batch.timestamp_type == LOG_APPEND_TIME:
        timestamps = np.full(count, batch.max_timestamp)
    else:
        timestamps = np.fromiter(map(_timestamp, records), np.int64, count)
    return Raws(offsets, timestamps, [*map(_key, records)], [*map(_value, records)])


def _data_batches(fetched: Any) -> Iterator[Any]:
    """The record batches that a reader may see, as aiokafka's PartitionRecords chooses them."""
    while fetched._records.has_next():
        batch = fetched._records.next_batch()
        if fetched._check_crcs and not batch.validate_crc():
            raise CorruptRecordException(f"{fetched._tp}: the checksum at {batch.base_offset} is wrong")
        if fetched._isolation_level == READ_COMMITTED and batch.producer_id is not None:
            fetched._consume_aborted_up_to(batch.base_offset)
            if batch.is_control_batch and fetched._contains_abort_marker(batch):
                fetched._aborted_producers.discard(batch.producer_id)
            is_aborted = batch.is_transactional and batch.producer_id in fetched._aborted_producers
        else:
            is_aborted = False
        if is_aborted or batch.is_control_batch:
            fetched.next_fetch_offset = batch.next_offset
        else:
            yield batch
