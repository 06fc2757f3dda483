"""Topics: the plan names what differs, applying it mends it, and what cannot be mended is refused."""

import pytest
from confluent_kafka.admin import AdminClient, ConfigResource

from schemas.catalog import catalog
from streams.local.kafka import topics as local
from streams.local.kafka.topics import Found, Wanted, compare, wanted_topics
from streams.transport.kafka.cluster import Cluster, ClusterError

INBOX = Wanted("inbox", 8, {"retention.ms": "1000"})


def found(partitions=8, replicas=1, **settings):
    return Found(partitions, replicas, {"retention.ms": "1000", "min.insync.replicas": "1"} | settings)


def test_a_topic_as_wanted_needs_nothing():
    assert compare([INBOX], {"inbox": found()}, replicas=1).is_done


def test_a_missing_topic_is_to_be_made():
    assert compare([INBOX], {}, replicas=3).missing == [INBOX]


@pytest.mark.parametrize(
    ("there", "setting", "was", "wanted"),
    [
        (found(**{"retention.ms": "5"}), "retention.ms", "5", "1000"),
        (found(replicas=3), "min.insync.replicas", "1", "2"),
        (found(replicas=2, **{"min.insync.replicas": "2"}), "min.insync.replicas", "2", "1"),
    ],
)
def test_a_setting_that_differs_is_to_be_altered(there, setting, was, wanted):
    (one,) = compare([INBOX], {"inbox": there}, replicas=1).alterations
    assert (one.topic, one.setting, one.found, one.wanted) == ("inbox", setting, was, wanted)


def test_a_wrong_number_of_partitions_says_what_to_do():
    (wrong,) = compare([INBOX], {"inbox": found(partitions=4)}, replicas=1).wrong
    assert wrong.startswith("topic inbox has 4 partitions, expected 8")
    assert "delete the topic if its records may go" in wrong


def test_a_market_is_a_topic_like_ticks():
    (market,) = [each for each in wanted_topics(["crypto"]) if each.name == "ticks.crypto"]
    assert market.settings == catalog().topics["ticks"].kafka_settings()
    with pytest.raises(ClusterError, match=r"a market cannot be named 'a b'"):
        wanted_topics(["a b"])


def test_a_topic_is_wanted_once():
    (one,) = [each for each in wanted_topics(extra=[INBOX]) if each.name == "inbox"]
    assert one is INBOX


def test_a_cluster_gets_the_catalogue_once(cluster):
    local.apply(cluster, ["crypto"])
    client = AdminClient(cluster.confluent())
    assert {*catalog().topics, "ticks.crypto"} <= client.list_topics(timeout=10).topics.keys()
    assert local.apply(cluster, ["crypto"]).is_done


def test_settings_are_mended_and_partitions_refused(cluster, topics):
    name = topics({"odd": 2}, retention_ms="5")["odd"]
    wanted = Wanted(name, 2, {"retention.ms": "-1", "cleanup.policy": "compact"})
    local.apply(cluster, extra=[wanted])
    client = AdminClient(cluster.confluent())
    (answer,) = client.describe_configs([ConfigResource("topic", name)]).values()
    kept = answer.result()
    assert (kept["retention.ms"].value, kept["cleanup.policy"].value) == ("-1", "compact")
    with pytest.raises(ClusterError, match=f"topic {name} has 2 partitions, expected 3"):
        local.apply(cluster, extra=[Wanted(name, 3)])


def test_a_setting_that_kafka_does_not_know_is_its_own_error(cluster):
    with pytest.raises(ClusterError, match=r"refuses to make topic odd-setting: .*Unknown topic config"):
        local.apply(cluster, extra=[Wanted("odd-setting", 1, {"colour": "blue"})])


def test_a_cluster_that_does_not_answer(monkeypatch):
    monkeypatch.setattr(local, "TIMEOUT_S", 0.2)
    with pytest.raises(ClusterError, match=r"Kafka at 127\.0\.0\.1:1 does not answer"):
        local.plan(Cluster("127.0.0.1:1"))
