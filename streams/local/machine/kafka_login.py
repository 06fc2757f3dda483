"""How clients log in to the embedded Kafka where it is closed."""

from streams.transport.kafka.cluster import Cluster

OPEN, SCRAM = AUTHS = ("none", "scram")
"""Who may connect: every user of this machine, or only those who know the home's password."""
SECRET = "kafka"
"""What the home calls the password."""
USER = "ghostfill"
MECHANISM = "SCRAM-SHA-256"
"""Each side proves that it knows the password, and neither says it."""


def cluster_at(bootstrap: str, password: str) -> Cluster:
    """One of ours; it is open where there is no password."""
    if not password:
        return Cluster(bootstrap)
    return Cluster(bootstrap, "SASL_PLAINTEXT", MECHANISM, USER, password)
