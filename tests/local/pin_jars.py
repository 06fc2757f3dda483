"""Pins the jars of a Kafka: python -m tests.local.pin_jars, after KAFKA_VERSION in streams/local/jars.py was changed."""

import hashlib
from collections.abc import Iterator

from jgo.maven import Artifact, MavenContext

from streams.local.jars import KAFKA_VERSION, PINS
from streams.local.maven import repository

ROOTS = (f"org.apache.kafka:kafka_2.13:{KAFKA_VERSION}", "org.slf4j:slf4j-simple:1.7.36")
HEAD = f"""\
# Apache Kafka {KAFKA_VERSION} and what it runs on: Maven coordinate, bytes, SHA-256.
# `python -m tests.local.pin_jars` writes this file.
"""


def artifacts() -> Iterator[Artifact]:
    context = MavenContext(remote_repos={"central": repository().url})
    named, following = context.resolver.resolve([context.create_dependency(root) for root in ROOTS])
    for dependency in (*named, *following):
        if dependency.scope in (None, "compile", "runtime"):
            yield dependency.artifact


def line(artifact: Artifact) -> str:
    content = artifact.resolve().read_bytes()
    coordinate = f"{artifact.groupId}:{artifact.artifactId}:{artifact.version}"
    return f"{coordinate} {len(content)} {hashlib.sha256(content).hexdigest()}\n"


if __name__ == "__main__":
    PINS.write_text(HEAD + "".join(sorted(map(line, artifacts()))), "utf-8")
