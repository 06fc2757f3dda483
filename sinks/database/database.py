"""Which ClickHouse, and how to speak to it.

Rules of this file: what a person sets is `CLICKHOUSE_URL` and the other variables named below; a wrong value
is told with its name. Whatever only asks connects as a user who can change nothing.
"""

import logging
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cache
from typing import TYPE_CHECKING, Any
from urllib.parse import SplitResult, unquote, urlsplit

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

URL = "CLICKHOUSE_URL"
USER = "CLICKHOUSE_USER"
PASSWORD = "CLICKHOUSE_PASSWORD"
CA_FILE = "CLICKHOUSE_CA"
CERTIFICATE = "CLICKHOUSE_CERT"
KEY = "CLICKHOUSE_KEY"
CLUSTER = "CLICKHOUSE_CLUSTER"
NAME = "ghostfill"
PORTS = {"http": 8123, "https": 8443}
EXAMPLE = "such as https://clickhouse.example:8443/ghostfill"
CONNECT_S = 10
SERVER_PASSWORD = "GHOSTFILL_CLICKHOUSE_PASSWORD"
SERVER_READER_PASSWORD = "GHOSTFILL_CLICKHOUSE_READER_PASSWORD"
"""What the embedded server is told of its users."""
READER = "reader"
"""The embedded server's user who may only read."""
_CLUSTER_NAME = re.compile(r"[A-Za-z0-9_.-]{1,100}|\{[a-z_]{1,50}\}")
"""Or the name of a macro of the server's."""
_SYSTEM_ERROR = re.compile(r"\[Errno -?\d+\] ([^'\")]+)")


class DatabaseError(Exception):
    """The database's settings are wrong, or it does not answer; says what to do."""


class AwayError(DatabaseError):
    """Nobody answers; it may come."""


@dataclass(frozen=True, slots=True)
class Database:
    """One database of one server or cluster."""

    host: str
    port: int
    secure: bool = False
    name: str = NAME
    user: str = "default"
    password: str = field(default="", repr=False)
    ca_file: str | None = None
    certificate: str | None = None
    key: str | None = None
    embedded: bool = False
    reader_password: str = field(default="", repr=False)
    """The embedded one's, of the read-only user."""
    cluster: str = ""
    """Of which all its replicas are; empty: it is one server."""

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> "Database | None":
        """The user's own; None when none is named."""
        text = environment.get(URL, "").strip()
        if not text:
            return None
        found = cls.at(text)
        return replace(
            found,
            user=environment.get(USER) or found.user,
            password=environment.get(PASSWORD) or found.password,
            ca_file=environment.get(CA_FILE),
            certificate=environment.get(CERTIFICATE),
            key=environment.get(KEY),
            cluster=_cluster(environment.get(CLUSTER, "").strip()),
        )

    @classmethod
    def at(cls, url: str, *, embedded: bool = False) -> "Database":
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError as error:
            raise DatabaseError(f"{URL} is {url}: {error}; expected a URL {EXAMPLE}") from error
        if parts.scheme not in PORTS or not parts.hostname:
            raise DatabaseError(f"{URL} is {url}; expected a URL {EXAMPLE}")
        return cls(
            host=parts.hostname,
            port=port or PORTS[parts.scheme],
            secure=parts.scheme == "https",
            name=parts.path.strip("/") or NAME,
            embedded=embedded,
            **_credentials(parts),
        )

    @property
    def url(self) -> str:
        """Without its secrets."""
        return f"{'https' if self.secure else 'http'}://{self.host}:{self.port}/{self.name}"

    def environment(self) -> dict[str, str]:
        """What a child process is given so that it finds this database."""
        values = {
            URL: self.url,
            USER: self.user,
            PASSWORD: self.password,
            CA_FILE: self.ca_file,
            CERTIFICATE: self.certificate,
            KEY: self.key,
            CLUSTER: self.cluster,
        }
        return {name: value for name, value in values.items() if value}

    def client(self, **options: Any) -> "Client":
        """One that may do everything that its user may."""
        return self._client({"database": self.name, **options})

    def reader(self, settings: Mapping[str, Any] | None = None, **options: Any) -> "Client":
        """One that changes nothing. `settings` are ClickHouse's, such as limits."""
        user = {"username": READER, "password": self.reader_password} if self.embedded else {}
        limits = {**(settings or {}), **({} if self.embedded else {"readonly": 1})}
        return self._client({"database": self.name, "settings": limits, **user, **options})

    def server(self) -> "Client":
        """One that is in no database: ours need not be there yet, and its user may see no other."""
        return self._client({})

    def make(self) -> None:
        """The database itself, if it is not there."""
        kind = " ENGINE = Atomic" if self.embedded else ""  # an embedded server's usual kind keeps no tables
        client = self.server()
        try:
            with self._refusals():
                everywhere = f" ON CLUSTER '{self.cluster}'" if self.cluster else ""
                client.command(f"CREATE DATABASE IF NOT EXISTS `{self.name}`{everywhere}{kind}")
        finally:
            client.close()

    def _client(self, options: Mapping[str, Any]) -> "Client":
        settings: dict[str, Any] = {
            "host": self.host,
            "port": self.port,
            "interface": "https" if self.secure else "http",
            "username": self.user,
            "password": self.password,
            "ca_cert": self.ca_file,
            "client_cert": self.certificate,
            "client_cert_key": self.key,
            "connect_timeout": CONNECT_S,
            "autogenerate_session_id": False,
            "tz_mode": "aware",
            **options,
        }
        if self.certificate and settings["password"]:
            settings["tls_mode"] = "strict"  # else the client leaves the password out
        with self._refusals():
            return _get_client()(**settings)

    @contextmanager
    def _refusals(self) -> Iterator[None]:
        from clickhouse_connect.driver.exceptions import ClickHouseError

        try:
            yield
        except ClickHouseError as error:
            said = first_line(error)
            if getattr(error, "code", None) is None:
                raise AwayError(f"ClickHouse at {self.url} does not answer: {said}") from error
            raise DatabaseError(f"ClickHouse at {self.url}: {said}") from error


@cache
def _get_client() -> "Callable[..., Client]":
    """The library's; importing it takes as long as all else of a command that asks nothing."""
    import clickhouse_connect
    from clickhouse_connect import common

    # What may be set the server knows; the client's errors are told by who gets them.
    common.set_setting("invalid_setting_action", "send")
    logging.getLogger("clickhouse_connect").addHandler(logging.NullHandler())
    return clickhouse_connect.get_client


def first_line(error: Exception) -> str:
    """What ClickHouse or the system said, without what the client added."""
    found = _SYSTEM_ERROR.search(str(error))
    return found[1] if found else str(error).partition("\n")[0].strip()


def _cluster(name: str) -> str:
    if name and not _CLUSTER_NAME.fullmatch(name):
        raise DatabaseError(
            f"{CLUSTER} is {name}: expected a name of system.clusters: letters, digits, points, - and _"
        )
    return name


def _credentials(parts: SplitResult) -> dict[str, str]:
    known = {"user": parts.username, "password": parts.password}
    return {name: unquote(value) for name, value in known.items() if value}
