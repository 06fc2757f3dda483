"""The embedded Kafka: it starts, keeps what it was told, and comes back after every end."""

from confluent_kafka import Consumer, Producer, TopicPartition


def publish(cluster, topic, value):
    producer = Producer(cluster.confluent())
    producer.produce(topic, value)
    assert producer.flush(10) == 0


def values(cluster, topic, count):
    consumer = Consumer(cluster.confluent() | {"group.id": "reader", "enable.auto.commit": False})
    try:
        consumer.assign([TopicPartition(topic, 0, 0)])
        return [message.value() for message in consumer.consume(count, timeout=10)]
    finally:
        consumer.close()


def test_what_was_published_is_there(cluster, topics):
    name = topics({"said": 1})["said"]
    publish(cluster, name, b"one")
    assert values(cluster, name, 1) == [b"one"]
