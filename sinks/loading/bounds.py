"""Where partitions begin and end now, from a broker that may have just come back.

Rules of this file: each try asks with a client of its own, because one that was there before the broker went
keeps to the leaders' epochs that it knew.
"""

import time
from collections.abc import Iterable, Mapping
from typing import Any

from confluent_kafka import KafkaError, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient, OffsetSpec

from sinks.blocks.records import Partition

ANSWER_S = 20.0
PAUSE_S = 0.1
MOVING = (
    KafkaError.NOT_LEADER_FOR_PARTITION,
    KafkaError.LEADER_NOT_AVAILABLE,
    KafkaError.FENCED_LEADER_EPOCH,
    KafkaError.UNKNOWN_LEADER_EPOCH,
    KafkaError._NOENT,  # no leader is known yet
)
"""What is said of a partition whose leader has just come or gone."""
PASSING = (KafkaError._ALL_BROKERS_DOWN, KafkaError._TRANSPORT, KafkaError.UNKNOWN_TOPIC_OR_PART)
"""Errors after which reading goes on; a topic may not have been made yet, or be gone."""


def bounds(settings: Mapping[str, Any], places: Iterable[Partition]) -> dict[Partition, tuple[int, int]]:
    """The first offset and the one after the last, of those that are there; raises `KafkaException`."""
    wanted = [*places]
    end = time.monotonic() + ANSWER_S
    while wanted:
        client = AdminClient({**settings, "log_level": 0})
        try:
            firsts = _offsets(client, wanted, OffsetSpec.earliest())  # type: ignore[no-untyped-call]
            ends = _offsets(client, wanted, OffsetSpec.latest())  # type: ignore[no-untyped-call]
            return {place: (firsts[place], ends[place]) for place in firsts.keys() & ends.keys()}
        except KafkaException as error:
            if error.args[0].code() not in MOVING or time.monotonic() > end:
                raise
        time.sleep(PAUSE_S)
    return {}


def _offsets(client: AdminClient, places: Iterable[Partition], wanted: OffsetSpec) -> dict[Partition, int]:
    asked = {TopicPartition(*place): wanted for place in places}
    found: dict[Partition, int] = {}
    for at, answer in client.list_offsets(asked, request_timeout=ANSWER_S).items():
        try:
            found[Partition(at.topic, at.partition)] = answer.result().offset
        except KafkaException as error:
            if error.args[0].code() not in PASSING:
                raise
    return found
