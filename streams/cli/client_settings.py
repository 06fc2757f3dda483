"""Kafka and ClickHouse as clients in other languages are told them: text to copy, each by its own rules.

Rules of this file: a secret goes into a file or into the environment, never on a command line, which every
account of the machine can see.
"""

import json
import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from sinks.database import Database
from streams.transport.cluster import Cluster

TABLE = "fills"


@dataclass(frozen=True, slots=True)
class Places:
    """What there is to connect to."""

    cluster: Cluster
    database: Database | None
    """None: this instance keeps no results."""


def python(places: Places) -> Sequence[str]:
    settings = ", ".join(
        f"{_text(name)}: {_text(value)}" for name, value in places.cluster.confluent().items()
    )
    lines = [
        "from confluent_kafka import Consumer, Producer",
        "",
        f"kafka = {{{settings}}}",
        "producer = Producer(kafka)",
        'consumer = Consumer(kafka | {"group.id": "mine", "auto.offset.reset": "earliest"})',
    ]
    if (database := places.database) is None:
        return lines
    options = {
        "host": _text(database.host),
        "port": str(database.port),
        "interface": _text(_scheme(database)),
        "username": _text(database.user),
        "password": _text(database.password),
        "database": _text(database.name),
        **({"ca_cert": _text(database.ca_file)} if database.ca_file else {}),
    }
    said = ", ".join(f"{name}={value}" for name, value in options.items())
    return [
        *lines,
        "",
        "import clickhouse_connect",
        "",
        f"clickhouse = clickhouse_connect.get_client({said})",
    ]


def node(places: Places) -> Sequence[str]:
    cluster = places.cluster
    brokers = ", ".join(map(_text, cluster.bootstrap.split(",")))
    options = [f"brokers: [{brokers}]"]
    if cluster.ca_file:
        options.append(f"ssl: {{ ca: require('fs').readFileSync({_text(cluster.ca_file)}) }}")
    elif cluster.uses_tls:
        options.append("ssl: true")
    if cluster.mechanism:
        options.append(
            f"sasl: {{ mechanism: {_text(cluster.mechanism.lower())}, username: {_text(cluster.username)}, "
            f"password: {_text(cluster.password)} }}"
        )
    lines = [
        "const { Kafka } = require('kafkajs')",
        f"const kafka = new Kafka({{ {', '.join(options)} }})",
    ]
    if (database := places.database) is None:
        return lines
    options = [
        f"url: {_text(_url(database))}",
        f"username: {_text(database.user)}",
        f"password: {_text(database.password)}",
        f"database: {_text(database.name)}",
    ]
    return [
        *lines,
        "",
        "const { createClient } = require('@clickhouse/client')",
        f"const clickhouse = createClient({{ {', '.join(options)} }})",
    ]


def java(places: Places) -> Sequence[str]:
    """Properties of a file: what comes after a # there is a comment."""
    cluster = places.cluster
    lines = [
        "# client.properties",
        f"bootstrap.servers={cluster.bootstrap}",
        f"security.protocol={cluster.protocol}",
    ]
    if cluster.mechanism:
        module = "plain.Plain" if cluster.mechanism == "PLAIN" else "scram.Scram"
        login = f"username={_text(cluster.username)} password={_text(cluster.password)}"
        config = f"org.apache.kafka.common.security.{module}LoginModule required {login};"
        escaped = config.replace("\\", "\\\\")
        lines += [f"sasl.mechanism={cluster.mechanism}", f"sasl.jaas.config={escaped}"]
    if cluster.ca_file:
        lines += ["ssl.truststore.type=PEM", f"ssl.truststore.location={cluster.ca_file}"]
    if (database := places.database) is None:
        return lines
    return [
        *lines,
        "",
        "# clickhouse-jdbc",
        f"url=jdbc:clickhouse:{_url(database)}/{database.name}",
        f"user={database.user}",
        f"password={database.password}",
    ]


def go(places: Places) -> Sequence[str]:
    cluster = places.cluster
    seeds = ", ".join(map(_text, cluster.bootstrap.split(",")))
    options = [f"kgo.SeedBrokers({seeds})"]
    if cluster.uses_tls:
        options.append("kgo.DialTLSConfig(&tls.Config{})")
    if cluster.mechanism:
        who = f"Auth{{User: {_text(cluster.username)}, Pass: {_text(cluster.password)}}}"
        kind = {"SCRAM-SHA-256": ".AsSha256Mechanism()", "SCRAM-SHA-512": ".AsSha512Mechanism()"}
        package = "plain" if cluster.mechanism == "PLAIN" else "scram"
        options.append(f"kgo.SASL({package}.{who}{kind.get(cluster.mechanism, '.AsMechanism()')})")
    lines = [
        "// github.com/twmb/franz-go/pkg/kgo, github.com/ClickHouse/clickhouse-go/v2",
        f"kafka, err := kgo.NewClient({', '.join(options)})",
    ]
    if (database := places.database) is None:
        return lines
    auth = (
        f"clickhouse.Auth{{Database: {_text(database.name)}, Username: {_text(database.user)}, "
        f"Password: {_text(database.password)}}}"
    )
    tls = ", TLS: &tls.Config{}" if database.secure else ""
    address = _text(f"{database.host}:{database.port}")
    return [
        *lines,
        "",
        (
            f"db, err := clickhouse.Open(&clickhouse.Options{{Addr: []string{{{address}}}, "
            f"Protocol: clickhouse.HTTP, Auth: {auth}{tls}}})"
        ),
    ]


def kcat(places: Places) -> Sequence[str]:
    settings = [f"{name}={value}" for name, value in places.cluster.confluent().items()]
    return [f"# kcat.conf; then: kcat -F kcat.conf -C -t {TABLE} -o beginning", *settings]


def clickhouse_client(places: Places) -> Sequence[str]:
    database = places.database
    if database is None:
        return []
    if database.embedded:
        return [
            "# The embedded ClickHouse speaks HTTP, not clickhouse-client's own protocol; with curl:",
            f"curl --config - --data-binary 'SELECT count() FROM {TABLE}' <<'END'",
            f'url = "{_url(database)}/?database={database.name}"',
            f'header = "X-ClickHouse-User: {database.user}"',
            f'header = "X-ClickHouse-Key: {database.password}"',
            "END",
        ]
    secure = " --secure" if database.secure else ""
    return [
        f"export CLICKHOUSE_PASSWORD={shlex.quote(database.password)}",
        (
            f"clickhouse-client --host {database.host}{secure} --user {shlex.quote(database.user)} "
            f"--database {shlex.quote(database.name)}"
        ),
    ]


def grafana(places: Places) -> Sequence[str]:
    database = places.database
    if database is None:
        return []
    return [
        "# provisioning/datasources/ghostfill.yaml; its plugin: grafana-clickhouse-datasource",
        "apiVersion: 1",
        "datasources:",
        "  - name: Ghostfill",
        "    type: grafana-clickhouse-datasource",
        "    jsonData:",
        f"      host: {_text(database.host)}",
        f"      port: {database.port}",
        f"      protocol: {_text('http')}",
        f"      secure: {str(database.secure).lower()}",
        f"      username: {_text(database.user)}",
        f"      defaultDatabase: {_text(database.name)}",
        "    secureJsonData:",
        f"      password: {_text(database.password)}",
    ]


def shell(places: Places) -> Sequence[str]:
    """The variables that our own commands know."""
    database = {} if places.database is None else places.database.environment()
    said = {**places.cluster.environment(), **database}
    return [f"export {name}={shlex.quote(value)}" for name, value in said.items()]


CLIENTS: Mapping[str, tuple[str, Callable[[Places], Sequence[str]]]] = {
    "python": ("Python: confluent-kafka, clickhouse-connect", python),
    "node": ("Node: kafkajs, @clickhouse/client", node),
    "java": ("Java: kafka-clients, clickhouse-jdbc", java),
    "go": ("Go: franz-go, clickhouse-go", go),
    "kcat": ("kcat", kcat),
    "clickhouse-client": ("clickhouse-client", clickhouse_client),
    "grafana": ("Grafana", grafana),
    "shell": ("A shell", shell),
}
"""What each is called, and what it is told."""


def _scheme(database: Database) -> str:
    return "https" if database.secure else "http"


def _url(database: Database) -> str:
    return f"{_scheme(database)}://{database.host}:{database.port}"


def _text(value: object) -> str:
    """Quoted as Python, JavaScript, Go, JAAS and YAML all read it."""
    return json.dumps(str(value))
