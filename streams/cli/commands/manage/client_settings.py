"""Kafka and ClickHouse as clients in other languages are told them: text to copy, each by its own rules.

Rules of this file: a secret goes into a file or into the environment, never on a command line, which every
account of the machine can see. Certificates of a person's own are named as the client wants them, or a
comment says where they go.
"""

import json
import re
import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from sinks.database.database import Database
from streams.transport.kafka.cluster import Cluster

TABLE = "fills"

Lines = Sequence[str]


@dataclass(frozen=True, slots=True)
class Client:
    """What it is called, and what it is told."""

    title: str
    kafka: Callable[[Cluster], Lines] | None = None
    database: Callable[[Database], Lines] | None = None

    def lines(self, cluster: Cluster, database: Database | None) -> Lines:
        """None: this instance keeps no results."""
        kafka = self.kafka(cluster) if self.kafka else []
        results = self.database(database) if self.database and database else []
        return [*kafka, *([""] if kafka and results else []), *results]


def _python_kafka(cluster: Cluster) -> Lines:
    settings = ", ".join(f"{_text(name)}: {_text(value)}" for name, value in cluster.confluent().items())
    return [
        "from confluent_kafka import Consumer, Producer",
        "",
        f"kafka = {{{settings}}}",
        "producer = Producer(kafka)",
        'consumer = Consumer(kafka | {"group.id": "mine", "auto.offset.reset": "earliest"})',
    ]


def _python_database(database: Database) -> Lines:
    files = {
        "ca_cert": database.ca_file,
        "client_cert": database.certificate,
        "client_cert_key": database.key,
        "tls_mode": "strict" if database.certificate and database.password else None,
    }
    options = {
        "host": _text(database.host),
        "port": str(database.port),
        "interface": _text(_scheme(database)),
        "username": _text(database.user),
        "password": _text(database.password),
        "database": _text(database.name),
        **{name: _text(value) for name, value in files.items() if value},
    }
    said = ", ".join(f"{name}={value}" for name, value in options.items())
    return ["import clickhouse_connect", "", f"clickhouse = clickhouse_connect.get_client({said})"]


def _node_kafka(cluster: Cluster) -> Lines:
    brokers = ", ".join(map(_text, cluster.bootstrap.split(",")))
    options = [f"brokers: [{brokers}]"]
    files = _node_files(ca=cluster.ca_file, cert=cluster.certificate, key=cluster.key)
    if cluster.uses_tls:
        options.append(f"ssl: {files or 'true'}")
    if cluster.mechanism:
        options.append(
            f"sasl: {{ mechanism: {_text(cluster.mechanism.lower())}, username: {_text(cluster.username)}, "
            f"password: {_text(cluster.password)} }}"
        )
    return [
        "const { Kafka } = require('kafkajs')",
        f"const kafka = new Kafka({{ {', '.join(options)} }})",
    ]


def _node_database(database: Database) -> Lines:
    files = _node_files(ca_cert=database.ca_file, cert=database.certificate, key=database.key)
    options = [
        f"url: {_text(_url(database))}",
        f"username: {_text(database.user)}",
        f"password: {_text(database.password)}",
        f"database: {_text(database.name)}",
        *([f"tls: {files}"] if files else []),
    ]
    return [
        "const { createClient } = require('@clickhouse/client')",
        f"const clickhouse = createClient({{ {', '.join(options)} }})",
    ]


def _node_files(**files: str | None) -> str:
    said = [f"{name}: require('fs').readFileSync({_text(file)})" for name, file in files.items() if file]
    return f"{{ {', '.join(said)} }}" if said else ""


def _java_kafka(cluster: Cluster) -> Lines:
    """What comes after a # in a file of properties is a comment."""
    properties = {"bootstrap.servers": cluster.bootstrap, "security.protocol": cluster.protocol}
    if cluster.mechanism:
        module = "plain.Plain" if cluster.mechanism == "PLAIN" else "scram.Scram"
        login = f"username={_text(cluster.username)} password={_text(cluster.password)}"
        properties["sasl.mechanism"] = cluster.mechanism
        properties["sasl.jaas.config"] = (
            f"org.apache.kafka.common.security.{module}LoginModule required {login};"
        )
    if cluster.ca_file:
        properties |= {"ssl.truststore.type": "PEM", "ssl.truststore.location": cluster.ca_file}
    own = []
    if cluster.certificate:
        own = [
            f"# add your certificate: a file of {cluster.key} and {cluster.certificate} in one",
            "# ssl.keystore.type=PEM",
            "# ssl.keystore.location=THAT_FILE",
        ]
    return ["# client.properties", *_properties(properties), *own]


def _java_database(database: Database) -> Lines:
    properties = {
        "url": f"jdbc:clickhouse:{_url(database)}/{database.name}",
        "user": database.user,
        "password": database.password,
        **({"sslrootcert": database.ca_file} if database.ca_file else {}),
    }
    own = _certificate_comment("#", database.certificate, database.key, "sslcert, and sslkey or ssl_key")
    return ["# clickhouse-jdbc", *_properties(properties), *own]


def _properties(values: Mapping[str, str]) -> Lines:
    """A file of them is Latin-1 and knows JSON's escapes; a space in front is lost without one."""
    escaped = {name: json.dumps(value)[1:-1].replace('\\"', '"') for name, value in values.items()}
    return [name + "=" + re.sub("^ ", r"\\ ", value) for name, value in escaped.items()]


def _go_kafka(cluster: Cluster) -> Lines:
    seeds = ", ".join(map(_text, cluster.bootstrap.split(",")))
    options = [f"kgo.SeedBrokers({seeds})"]
    if cluster.uses_tls:
        options.append("kgo.DialTLSConfig(&tls.Config{})")
    if cluster.mechanism:
        who = f"Auth{{User: {_text(cluster.username)}, Pass: {_text(cluster.password)}}}"
        kind = {"SCRAM-SHA-256": ".AsSha256Mechanism()", "SCRAM-SHA-512": ".AsSha512Mechanism()"}
        package = "plain" if cluster.mechanism == "PLAIN" else "scram"
        options.append(f"kgo.SASL({package}.{who}{kind.get(cluster.mechanism, '.AsMechanism()')})")
    return [
        "// github.com/twmb/franz-go/pkg/kgo, github.com/ClickHouse/clickhouse-go/v2",
        *_go_files(cluster.ca_file, cluster.certificate, cluster.key),
        f"kafka, err := kgo.NewClient({', '.join(options)})",
    ]


def _go_database(database: Database) -> Lines:
    auth = (
        f"clickhouse.Auth{{Database: {_text(database.name)}, Username: {_text(database.user)}, "
        f"Password: {_text(database.password)}}}"
    )
    tls = ", TLS: &tls.Config{}" if database.secure else ""
    address = _text(f"{database.host}:{database.port}")
    return [
        *_go_files(database.ca_file, database.certificate, database.key),
        (
            f"db, err := clickhouse.Open(&clickhouse.Options{{Addr: []string{{{address}}}, "
            f"Protocol: clickhouse.HTTP, Auth: {auth}{tls}}})"
        ),
    ]


def _go_files(ca: str | None, certificate: str | None, key: str | None) -> Lines:
    return [
        *_ca_comment("//", ca, "RootCAs of tls.Config, by x509.CertPool's AppendCertsFromPEM"),
        *_certificate_comment("//", certificate, key, "Certificates of tls.Config, by tls.LoadX509KeyPair"),
    ]


def _kcat(cluster: Cluster) -> Lines:
    settings = [f"{name}={value}" for name, value in cluster.confluent().items()]
    return [f"# kcat.conf; then: kcat -F kcat.conf -C -t {TABLE} -o beginning", *settings]


def _clickhouse_client(database: Database) -> Lines:
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
    where = "of openSSL, client in its config.xml"
    return [
        *_ca_comment("#", database.ca_file, f"caConfig {where}"),
        *_certificate_comment(
            "#", database.certificate, database.key, f"certificateFile and privateKeyFile {where}"
        ),
        f"export CLICKHOUSE_PASSWORD={shlex.quote(database.password)}",
        (
            f"clickhouse-client --host {database.host}{secure} --user {shlex.quote(database.user)} "
            f"--database {shlex.quote(database.name)}"
        ),
    ]


def _grafana(database: Database) -> Lines:
    files = {
        "tlsCACert": database.ca_file,
        "tlsClientCert": database.certificate,
        "tlsClientKey": database.key,
    }
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
        f"      username: {_grafana_text(database.user)}",
        f"      defaultDatabase: {_text(database.name)}",
        *(["      tlsAuthWithCACert: true"] if database.ca_file else []),
        *(["      tlsAuth: true"] if database.certificate else []),
        "    secureJsonData:",
        f"      password: {_grafana_text(database.password)}",
        *[f"      {name}: {_text(f'$__file{{{file}}}')}" for name, file in files.items() if file],
    ]


def _grafana_text(value: str) -> str:
    """What follows a single $ is a variable there."""
    return _text(value.replace("$", "$$"))


CLIENTS: Mapping[str, Client] = {
    "python": Client("Python: confluent-kafka, clickhouse-connect", _python_kafka, _python_database),
    "node": Client("Node: kafkajs, @clickhouse/client", _node_kafka, _node_database),
    "java": Client("Java: kafka-clients, clickhouse-jdbc", _java_kafka, _java_database),
    "go": Client("Go: franz-go, clickhouse-go", _go_kafka, _go_database),
    "kcat": Client("kcat", _kcat),
    "clickhouse-client": Client("clickhouse-client", None, _clickhouse_client),
    "grafana": Client("Grafana", None, _grafana),
    "shell": Client(
        "A shell",
        lambda cluster: _exports(cluster.environment()),
        lambda database: _exports(database.environment()),
    ),
}


def _exports(values: Mapping[str, str]) -> Lines:
    """The variables that our own commands know."""
    return [f"export {name}={shlex.quote(value)}" for name, value in values.items()]


def _ca_comment(mark: str, file: str | None, where: str) -> Lines:
    return [f"{mark} add your CA: {file}, as {where}"] if file else []


def _certificate_comment(mark: str, certificate: str | None, key: str | None, where: str) -> Lines:
    return [f"{mark} add your certificate: {certificate} with {key}, as {where}"] if certificate else []


def _scheme(database: Database) -> str:
    return "https" if database.secure else "http"


def _url(database: Database) -> str:
    return f"{_scheme(database)}://{database.host}:{database.port}"


def _text(value: object) -> str:
    """Quoted as Python, JavaScript, Go, JAAS and YAML all read it: not alike do they read an escaped ä."""
    return json.dumps(str(value), ensure_ascii=False)
