"""What a cluster must be able to do: each check answers with one finding.

Rules of this file: what a cluster only shows to its administrators is tried instead, or a warning.
"""

from collections.abc import Sequence

from confluent_kafka import KafkaError, KafkaException, Producer
from confluent_kafka.admin import AdminClient, ConfigResource

from streams.local.checks.finding import Finding, fail, ok, warn
from streams.local.kafka.topics import plan
from streams.transport.kafka.cluster import Cluster, ClusterError

ANSWER_S = 10.0
MESSAGE_BYTES_MIN = 1_000_000
SESSION_MS_MAX = 6_000
REFUSALS = {
    KafkaError._AUTHENTICATION: "look at KAFKA_SASL_MECHANISM, KAFKA_SASL_USERNAME and KAFKA_SASL_PASSWORD",
    KafkaError._SSL: "look at KAFKA_SSL_CA, KAFKA_SSL_CERT and KAFKA_SSL_KEY, and at the port",
}
TRANSACTIONAL_ID = "ghostfill-doctor"


def cluster_findings(cluster: Cluster) -> list[Finding]:
    """All of them, as far as the cluster answers."""
    heard: list[KafkaError] = []
    client = AdminClient(cluster.confluent() | {"log_level": 0, "error_cb": heard.append})
    answer = reachable(client, cluster, heard)
    if answer.state == "fail":
        return [answer]
    return [answer, *broker_settings(client), transactions(cluster), topics(cluster)]


def reachable(client: AdminClient, cluster: Cluster, heard: Sequence[KafkaError]) -> Finding:
    """`heard`: what the client said meanwhile; the error of a call says only that nobody answered."""
    try:
        brokers = client.list_topics(timeout=ANSWER_S).brokers
    except KafkaException as error:
        client.poll(0)
        for each in heard:
            if each.code() in REFUSALS:
                found = f"{cluster.bootstrap} refuses the connection: {each.str()}"
                return fail("cluster", found, REFUSALS[each.code()])
        found = f"{cluster.bootstrap} does not answer: {error.args[0].str()}"
        return fail(
            "cluster", found, "check KAFKA_BOOTSTRAP and the other KAFKA_ variables, and that the brokers run"
        )
    count = "1 broker" if len(brokers) == 1 else f"{len(brokers)} brokers"
    return ok("cluster", f"{count} at {cluster.bootstrap} ({cluster.protocol})")


def broker_settings(client: AdminClient) -> list[Finding]:
    try:
        broker = next(iter(client.list_topics(timeout=ANSWER_S).brokers))
        asked = [ConfigResource(ConfigResource.Type.BROKER, str(broker))]
        (answer,) = client.describe_configs(asked, request_timeout=ANSWER_S).values()
        settings = {name: entry.value for name, entry in answer.result().items()}
    except KafkaException as error:
        found = f"their settings cannot be read: {error.args[0].str()}"
        return [warn("brokers", found, "allow DescribeConfigs on the cluster, or check them yourself")]
    return [
        _number("message size", settings, "message.max.bytes", least=MESSAGE_BYTES_MIN),
        _number("sessions", settings, "group.min.session.timeout.ms", most=SESSION_MS_MAX),
    ]


def _number(
    check: str, settings: dict[str, str], name: str, least: int | None = None, most: int | None = None
) -> Finding:
    value = settings.get(name)
    if value is None or not value.isdigit():
        return warn(check, f"the broker does not say its {name}", "check it yourself")
    if least is not None and int(value) < least:
        return fail(check, f"{name} is {value}", f"set it to {least} or more on the brokers")
    if most is not None and int(value) > most:
        return fail(check, f"{name} is {value}", f"set it to {most} or less on the brokers")
    return ok(check, f"{name} is {value}")


def transactions(cluster: Cluster) -> Finding:
    """Begins one, as a checkpoint does."""
    settings = {"transactional.id": TRANSACTIONAL_ID, "log_level": 0}
    producer = Producer(cluster.confluent() | settings)
    try:
        producer.init_transactions(ANSWER_S)
    except KafkaException as error:
        mend = (
            "allow this user Write on the transactional ids ghostfill*; fewer than three brokers need a "
            "lower transaction.state.log.replication.factor and transaction.state.log.min.isr"
        )
        return fail("transactions", f"cannot begin: {error.args[0].str()}", mend)
    return ok("transactions", "can begin")


def topics(cluster: Cluster) -> Finding:
    try:
        planned = plan(cluster)
    except ClusterError as error:
        return fail("topics", str(error), "allow Describe and DescribeConfigs on all topics")
    if planned.wrong:
        return fail("topics", "; ".join(planned.wrong), "see `ghostfill topics plan`")
    if planned.is_done:
        return ok("topics", f"all {len(planned.wanted)} exist with the right settings")
    found = f"{len(planned.missing)} are missing, {len(planned.alterations)} settings differ"
    return warn("topics", found, "ghostfill topics apply")
