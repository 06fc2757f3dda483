"""Clients that stay know their leaders and coordinators again after the broker was killed and started."""

import pytest

from streams.clients.kafka import beginnings, ends, partitions_of
from streams.clients.workers import members


@pytest.mark.long
def test_offsets_and_groups_are_found_after_a_restart(kafka, cluster, topics):
    (topic,) = topics({"restarted": 2}).values()
    places = [(topic, 0), (topic, 1)]
    for is_last in (False, True):
        assert beginnings(cluster, places) == ends(cluster, places) == dict.fromkeys(places, 0)
        assert members(cluster, "nobody") == 0
        assert topic in partitions_of(cluster)
        if not is_last:
            kafka.kill()
            kafka.start()
