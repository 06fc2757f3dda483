"""Which Kafka, and how to speak to it: one set of settings for the three clients.

Rules of this file: what a person sets is `KAFKA_BOOTSTRAP` and the other variables
named below; a wrong value is told with its name.
"""

import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

PROTOCOLS = ("PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL")
MECHANISMS = ("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512")

BOOTSTRAP = "KAFKA_BOOTSTRAP"
PROTOCOL = "KAFKA_SECURITY_PROTOCOL"
MECHANISM = "KAFKA_SASL_MECHANISM"
USERNAME = "KAFKA_SASL_USERNAME"
PASSWORD = "KAFKA_SASL_PASSWORD"
CA_FILE = "KAFKA_SSL_CA"
CERTIFICATE = "KAFKA_SSL_CERT"
KEY = "KAFKA_SSL_KEY"


class ClusterError(Exception):
    """The cluster's settings are wrong, or the cluster does not answer; says what to do."""


@dataclass(frozen=True, slots=True)
class Cluster:
    """One Kafka cluster."""

    bootstrap: str
    """host:port, or several with commas between."""
    protocol: str = "PLAINTEXT"
    mechanism: str | None = None
    username: str | None = None
    password: str | None = None
    ca_file: str | None = None
    certificate: str | None = None
    key: str | None = None

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> "Cluster | None":
        """The user's own cluster; None when none is named."""
        bootstrap = environment.get(BOOTSTRAP, "").strip()
        if not bootstrap:
            return None
        username = environment.get(USERNAME)
        has_tls = any(environment.get(name) for name in (CA_FILE, CERTIFICATE, KEY))
        usual = ("SASL_" if username else "") + ("SSL" if has_tls else "PLAINTEXT")
        protocol = _one_of(PROTOCOL, environment.get(PROTOCOL) or usual, PROTOCOLS)
        mechanism = None
        if protocol.startswith("SASL_"):
            mechanism = _one_of(MECHANISM, environment.get(MECHANISM) or "PLAIN", MECHANISMS)
            for name in (USERNAME, PASSWORD):
                if not environment.get(name):
                    raise ClusterError(f"{name} is not set; {PROTOCOL}={protocol} needs it")
        return cls(
            bootstrap=bootstrap,
            protocol=protocol,
            mechanism=mechanism,
            username=username,
            password=environment.get(PASSWORD),
            ca_file=environment.get(CA_FILE),
            certificate=environment.get(CERTIFICATE),
            key=environment.get(KEY),
        )

    def environment(self) -> dict[str, str]:
        """What a child process is given so that it finds this cluster."""
        values = {
            BOOTSTRAP: self.bootstrap,
            PROTOCOL: self.protocol,
            MECHANISM: self.mechanism,
            USERNAME: self.username,
            PASSWORD: self.password,
            CA_FILE: self.ca_file,
            CERTIFICATE: self.certificate,
            KEY: self.key,
        }
        return {name: value for name, value in values.items() if value}

    def confluent(self) -> dict[str, Any]:
        """Settings of a confluent-kafka client."""
        settings = {
            "bootstrap.servers": self.bootstrap,
            "security.protocol": self.protocol,
            "sasl.mechanism": self.mechanism,
            "sasl.username": self.username,
            "sasl.password": self.password,
            "ssl.ca.location": self.ca_file,
            "ssl.certificate.location": self.certificate,
            "ssl.key.location": self.key,
        }
        return {name: value for name, value in settings.items() if value}

    def aiokafka(self) -> dict[str, Any]:
        """Settings of an aiokafka client."""
        settings: dict[str, Any] = {"bootstrap_servers": self.bootstrap, "security_protocol": self.protocol}
        if self.mechanism:
            settings["sasl_mechanism"] = self.mechanism
            settings["sasl_plain_username"] = self.username
            settings["sasl_plain_password"] = self.password
        if self.uses_tls:
            settings["ssl_context"] = self.tls()
        return settings

    @property
    def uses_tls(self) -> bool:
        return self.protocol.endswith("SSL")

    def tls(self) -> ssl.SSLContext:
        try:
            context = ssl.create_default_context(cafile=self.ca_file)
            if self.certificate:
                context.load_cert_chain(self.certificate, self.key)
        except OSError as error:
            names = ", ".join(each for each in (self.ca_file, self.certificate, self.key) if each)
            raise ClusterError(f"a certificate file of {names} cannot be read: {error}") from error
        return context


def _one_of(name: str, value: str, expected: tuple[str, ...]) -> str:
    if value.upper() not in expected:
        raise ClusterError(f"{name} is {value}; expected one of {', '.join(expected)}")
    return value.upper()
