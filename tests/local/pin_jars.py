"""Pins the jars of a Kafka: python -m tests.local.pin_jars, after KAFKA_VERSION in streams/local/kafka/jars.py was changed.

What is left out no class refers to that a broker loads: `tests/local/test_kafka.py` makes it do what we need.
"""

import hashlib
from collections.abc import Iterator

from jgo.maven import Artifact, MavenContext

from streams.local.kafka.jars import KAFKA_VERSION, PINS
from streams.local.kafka.maven import repository

ROOTS = (f"org.apache.kafka:kafka_2.13:{KAFKA_VERSION}", "org.slf4j:slf4j-simple:1.7.36")
LEFT_OUT = frozenset(
    {
        "caffeine",  # of tiered storage
        "commons-beanutils",  # this and the next three: of the XML half of commons-validator
        "commons-collections",
        "commons-digester",
        "commons-logging",
        "jackson-dataformat-yaml",  # this and the next: of Kafka's container image
        "snakeyaml",
        "jackson-datatype-jdk8",
        "jose4j",  # of logins by OAuth
        "jspecify",  # annotations
        "kafka-tools-api",  # of its command line
        "scala-reflect",  # of macros, which ran when it was compiled
    }
)
RAISED = {
    "at.yawk.lz4:lz4-java": "1.11.4",
    "com.fasterxml.jackson.core:jackson-core": "2.21.8",
    "com.fasterxml.jackson.core:jackson-databind": "2.21.8",
}
"""Newer than what this Kafka names: the last patch of the same minor version."""
HEAD = f"""\
# Apache Kafka {KAFKA_VERSION} and what it runs on: Maven coordinate, bytes, SHA-256.
# `python -m tests.local.pin_jars` writes this file.
"""


def artifacts() -> Iterator[Artifact]:
    context = MavenContext(remote_repos={"central": repository().url})
    named, following = context.resolver.resolve([context.create_dependency(root) for root in ROOTS])
    for dependency in (*named, *following):
        found = dependency.artifact
        if dependency.scope in (None, "compile", "runtime") and found.artifactId not in LEFT_OUT:
            version = RAISED.get(f"{found.groupId}:{found.artifactId}", found.version)
            yield context.project(found.groupId, found.artifactId).at_version(version).artifact()


def line(artifact: Artifact) -> str:
    content = artifact.resolve().read_bytes()
    coordinate = f"{artifact.groupId}:{artifact.artifactId}:{artifact.version}"
    return f"{coordinate} {len(content)} {hashlib.sha256(content).hexdigest()}\n"


if __name__ == "__main__":
    PINS.write_text(HEAD + "".join(sorted(map(line, artifacts()))), "utf-8")
