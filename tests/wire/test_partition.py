"""The shard of an account is where Kafka's own clients put its name."""

from aiokafka.partitioner import DefaultPartitioner
from hypothesis import given
from hypothesis import strategies as some

from schemas.partition import partition_of, shard_of


@given(some.binary(max_size=40), some.integers(1, 64))
def test_it_is_the_partition_that_kafkas_clients_choose(key, partitions):
    numbers = list(range(partitions))
    assert partition_of(key, partitions) == DefaultPartitioner()(key, numbers, numbers)


def test_a_name_is_its_utf8():
    assert shard_of("naïve-1", 8) == partition_of("naïve-1".encode(), 8)


def test_many_accounts_spread():
    shards = [shard_of(f"paper-{number}", 8) for number in range(8000)]
    assert all(800 < shards.count(each) < 1200 for each in range(8))
