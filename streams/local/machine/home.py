"""The home of an instance: the folder that holds everything an embedded Ghostfill keeps.

Rules of this file:
- One `ghostfill up` at a time owns a home: it holds the lock as long as it lives.
- Its user alone may look into it, and what is started from it makes files for its user alone.
- `instance.json` says where a running instance is reached. It is there from when it is up until it stops;
  what a killed one left behind does not count, because nobody holds the lock.
"""

import fcntl
import json
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import IO
from uuid import uuid4

from sinks.database.database import SERVER_PASSWORD, SERVER_READER_PASSWORD, URL, Database, DatabaseError
from streams.files.writing.whole import whole, write_whole
from streams.local.machine import private
from streams.local.machine.folders import data_folder
from streams.local.machine.kafka_login import SECRET, cluster_at
from streams.transport.kafka.cluster import BOOTSTRAP, Cluster, ClusterError

PLAIN = "PLAINTEXT"
MINE_ALONE = 0o700
OTHERS = 0o077
"""The rights of every other account."""
HOME = "GHOSTFILL_HOME"
CLICKHOUSE = "clickhouse"
WEB = "web"
"""What an instance calls the addresses of its own ClickHouse and of its page."""
SECRETS = "secrets"
OWNER, READER = "clickhouse", "clickhouse-reader"
"""The secrets that are the passwords of ClickHouse's `default` and `reader`."""
LOCK_ATTEMPTS = 5
LOCK_PAUSE_S = 0.02


@dataclass(frozen=True, slots=True)
class Instance:
    """A running instance, as others find it."""

    pid: int
    bootstrap: str
    protocol: str
    ghostfill: str
    """Its version."""
    kafka: str
    """The version of its own Kafka; empty when the cluster is the user's."""
    endpoints: Mapping[str, str]
    """What else it serves, by name."""
    markets: list[str] = field(default_factory=list)
    """Those that its desks were given besides `ticks`."""
    symbols: str | None = None
    """The symbols file that its desks were given."""


class Home:
    """One instance's folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder.expanduser().absolute()

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> "Home":
        named = environment.get(HOME, "").strip()
        return cls(Path(named) if named else data_folder(environment))

    @property
    def demo(self) -> "Home":
        """That of the demo, beside this one."""
        return Home(self.folder.with_name(f"{self.folder.name}-demo"))

    @property
    def kafka(self) -> Path:
        return self.folder / "kafka"

    @property
    def clickhouse(self) -> Path:
        return self.folder / "clickhouse"

    @property
    def logs(self) -> Path:
        return self.folder / "logs"

    @property
    def run(self) -> Path:
        """What says that a part is ready; empty when nothing runs."""
        return self.folder / "run"

    @property
    def lock_file(self) -> Path:
        return self.folder / "lock"

    @property
    def instance_file(self) -> Path:
        return self.folder / "instance.json"

    def secret(self, name: str) -> str:
        """A random word of this home that only its user may read, made the first time: what our parts say to
        each other as a password."""
        return private.secret(self.folder / SECRETS / name)

    def clickhouse_passwords(self) -> dict[str, str]:
        """What the embedded ClickHouse is told of its users."""
        return {SERVER_PASSWORD: self.secret(OWNER), SERVER_READER_PASSWORD: self.secret(READER)}

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keeps the home to this process; another's lock is an error that names who has it."""
        self.make()
        with _making_files_for_me_alone(), self.lock_file.open("a+") as file:
            if not _lock(file):
                raise ClusterError(self._taken())
            file.truncate(0)
            file.write(str(os.getpid()))
            file.flush()
            yield

    def owner(self) -> int | None:
        """The pid of who holds the lock; 0 when it has not said so yet; None: nobody."""
        try:
            with self.lock_file.open("r") as file:
                try:
                    fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
                except OSError:
                    return int(file.read() or 0)
        except FileNotFoundError:
            pass
        return None

    def tell(self, instance: Instance) -> None:
        """Says where the instance is reached."""
        with whole(self.instance_file) as file:
            file.write(f"{json.dumps(asdict(instance), indent=2)}\n".encode())

    def untell(self) -> None:
        self.instance_file.unlink(missing_ok=True)

    def instance(self) -> Instance | None:
        """The instance that runs here."""
        if self.owner() is None:
            return None
        try:
            return Instance(**json.loads(self.instance_file.read_text("utf-8")))
        except FileNotFoundError:
            return None
        except (TypeError, ValueError) as error:
            raise ClusterError(
                f"{self.instance_file} cannot be read ({error}): another version wrote it; stop that instance"
            ) from error

    def name(self) -> str:
        """By which others tell this home's parts from those of other homes; it stays the same for ever."""
        file = self.folder / "name"
        if not file.exists():
            write_whole(file, uuid4().hex[:12])
        return file.read_text("ascii")

    def make(self) -> None:
        """The folder, closed to others; an older version left it open."""
        try:
            self.folder.mkdir(MINE_ALONE, parents=True, exist_ok=True)
        except OSError as error:
            raise ClusterError(
                f"the home {self.folder} cannot be made: {error.strerror}; name another folder with {HOME}"
            ) from error
        if self.is_open_to_others:
            try:
                self.folder.chmod(MINE_ALONE)
            except OSError as error:
                raise ClusterError(
                    f"the home {self.folder} cannot be made private to your user: "
                    f"{error.strerror}; name a folder of your own with {HOME}, such as one in it"
                ) from error

    @property
    def is_open_to_others(self) -> bool:
        return bool(self.folder.stat().st_mode & OTHERS)

    def _taken(self) -> str:
        owner = self.owner()
        by = f" (process {owner})" if owner else ""
        return (
            f"a Ghostfill runs already in {self.folder}{by}: stop it first, or give this one a home of its "
            f"own with {HOME}=FOLDER"
        )


@contextmanager
def _making_files_for_me_alone() -> Iterator[None]:
    """Whatever is started meanwhile does too."""
    before = os.umask(OTHERS)
    try:
        yield
    finally:
        os.umask(before)


def _lock(file: IO[str]) -> bool:
    """Takes the lock; who only looks whether somebody has it holds it for a moment too."""
    for _ in range(LOCK_ATTEMPTS):
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        except OSError:
            time.sleep(LOCK_PAUSE_S)
    return False


def find_cluster(environment: Mapping[str, str]) -> Cluster:
    """The user's cluster where one is named, else the one of the instance that runs in the home."""
    named = Cluster.from_environment(environment)
    if named is not None:
        return named
    home = Home.from_environment(environment)
    instance = _running(home, BOOTSTRAP, ClusterError)
    if instance.kafka and instance.protocol != PLAIN:
        return cluster_at(instance.bootstrap, home.secret(SECRET))
    if instance.protocol != PLAIN:
        raise ClusterError(
            f"the Ghostfill in {home.folder} uses the cluster {instance.bootstrap} with {instance.protocol}: "
            f"set {BOOTSTRAP} and the other KAFKA_ variables here too"
        )
    return Cluster(instance.bootstrap)


def own_instance(environment: Mapping[str, str], cluster: Cluster) -> Instance | None:
    """The instance that runs in the home, if this cluster is the one that it uses."""
    instance = Home.from_environment(environment).instance()
    return instance if instance is not None and instance.bootstrap == cluster.bootstrap else None


def find_database(environment: Mapping[str, str]) -> Database:
    """The user's ClickHouse where one is named, else the one of the instance that runs in the home."""
    named = Database.from_environment(environment)
    if named is not None:
        return named
    home = Home.from_environment(environment)
    instance = _running(home, URL, DatabaseError)
    if CLICKHOUSE not in instance.endpoints:
        raise DatabaseError(f"the Ghostfill in {home.folder} has another ClickHouse: set {URL} here too")
    return own_database(home, instance.endpoints[CLICKHOUSE])


def own_database(home: Home, url: str) -> Database:
    """The home's own ClickHouse, where it is reached."""
    found = Database.at(url, embedded=True)
    return replace(found, password=home.secret(OWNER), reader_password=home.secret(READER))


def _running(home: Home, instead: str, error: type[Exception]) -> Instance:
    """The instance there, or an error that names what to set instead."""
    instance = home.instance()
    if instance is not None:
        return instance
    said = f"no Ghostfill is running in {home.folder}"
    if home.demo.instance() is not None:
        raise error(f"{said}, but a demo is: to ask that, set {HOME}={home.demo.folder}")
    raise error(f"{said}: start it with `ghostfill up`, or set {instead}")
