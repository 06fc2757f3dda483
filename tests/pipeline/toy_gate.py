"""A gate without Faust: signals in, inboxes out, each with its source. Killed, it begins where it last said."""

import json
import sys

import msgspec
from confluent_kafka import Consumer, KafkaException, Producer, TopicPartition

from schemas.private import InboxEntry, encode_entry
from streams.transport.kafka.cluster import Cluster
from tests.pipeline.chains import shard_of
from tests.pipeline.toy_world import SHARDS, SOURCES, Signal

BATCH = 100


def main() -> None:
    told = json.loads(sys.argv[1])
    settings = Cluster(told["bootstrap"]).confluent()
    signals, inbox = f"{told['name']}-signals", f"{told['name']}-inbox"
    consumer = Consumer({**settings, "group.id": f"{told['name']}-gate", "enable.auto.commit": False})
    producer = Producer({**settings, "enable.idempotence": True, "linger.ms": 1})
    places = consumer.committed([TopicPartition(signals, source) for source in range(SOURCES)], 30)
    for place in places:
        place.offset = max(0, place.offset - told["behind"])
    consumer.assign(places)
    failed: list[object] = []
    while True:
        found, done = consumer.consume(BATCH, 0.02), {}
        for message in found:
            if message.error():
                raise KafkaException(message.error())
            source, offset = message.partition() or 0, message.offset() or 0
            done[source] = offset + 1
            signal = msgspec.msgpack.decode(message.value() or b"", type=Signal)
            payload = msgspec.Raw(msgspec.msgpack.encode((signal.account, signal.level)))
            entry = InboxEntry("signal", signal.ts, signals, source, offset, payload)
            producer.produce(
                inbox,
                encode_entry(entry),
                partition=shard_of(signal.account, SHARDS),
                on_delivery=lambda error, _: failed.append(error) if error else None,
            )
        if found:
            producer.flush()
            if failed:
                raise SystemExit(f"an entry was not written: {failed[0]}")
            if not told["behind"]:
                # Named: a commit that names nothing and waits for its coordinator commits what is read by then.
                consumer.commit(offsets=[TopicPartition(signals, *place) for place in done.items()])


if __name__ == "__main__":
    main()
