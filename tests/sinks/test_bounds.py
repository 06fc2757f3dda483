"""Where partitions begin and end is found also at once after the broker was killed and started."""

import pytest
from confluent_kafka import Producer

from sinks.blocks.records import Partition
from sinks.loading.bounds import bounds


@pytest.mark.long
def test_bounds_after_a_restart(kafka, cluster, topics):
    (topic,) = topics({"bounds": 2}).values()
    producer = Producer(cluster.confluent())
    for _ in range(3):
        producer.produce(topic, b"x", partition=1)
    assert producer.flush(30) == 0
    here, there, gone = Partition(topic, 0), Partition(topic, 1), Partition("never-made", 0)
    kafka.kill()
    kafka.start()
    assert bounds(cluster.confluent(), [here, there, gone]) == {here: (0, 0), there: (0, 3)}
    assert bounds(cluster.confluent(), []) == {}
