"""Kafka's jars: downloaded once, checked at every start, and found without a network ever after.

Rules of this file:
- `kafka-jars.txt` pins every jar by its SHA-256. What does not match is not kept, wherever it came from.
- A jar appears in the cache whole or not at all, so several processes may fetch at once.
"""

import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from streams.local.kafka.maven import MavenError, Repository, repository
from streams.local.machine.folders import cache_folder

KAFKA_VERSION = "4.4.0"
PINS = Path(__file__).with_name("kafka-jars.txt")
MEGABYTE = 1_000_000
TIMEOUT_S = 30

Progress = Callable[[int, int], None]
"""Is told the bytes that came and the bytes that are wanted."""


class JarsError(Exception):
    """Kafka's jars cannot be had; says why and what to do."""


@dataclass(frozen=True, slots=True)
class Jar:
    """One pinned jar."""

    group: str
    artifact: str
    version: str
    size: int
    sha256: str

    @property
    def name(self) -> str:
        return f"{self.artifact}-{self.version}.jar"


def pinned() -> list[Jar]:
    lines = [line for line in PINS.read_text("utf-8").splitlines() if line and not line.startswith("#")]
    return [_jar(*line.split()) for line in lines]


def _jar(coordinate: str, size: str, sha256: str) -> Jar:
    group, artifact, version = coordinate.split(":")
    return Jar(group, artifact, version, int(size), sha256)


def jar_folder() -> Path:
    return cache_folder() / f"kafka-{KAFKA_VERSION}"


def missing(folder: Path) -> list[Jar]:
    return [jar for jar in pinned() if not _has(folder, jar)]


def _has(folder: Path, jar: Jar) -> bool:
    path = folder / jar.name
    return path.is_file() and path.stat().st_size == jar.size and _sha256(path) == jar.sha256


def kafka_jars(folder: Path | None = None, progress: Progress = lambda done, wanted: None) -> list[Path]:
    """The class path; what is missing of it is downloaded first."""
    folder = folder or jar_folder()
    wanted = missing(folder)
    if wanted:
        _fetch(wanted, folder, progress)
    return [folder / jar.name for jar in pinned()]


def _fetch(wanted: list[Jar], folder: Path, progress: Progress) -> None:
    size = sum(jar.size for jar in wanted)
    done = 0
    try:
        source = repository()
        with _workshop(folder, size) as workshop:
            for jar in wanted:
                progress(done, size)
                os.replace(_download(jar, source, workshop), folder / jar.name)
                done += jar.size
    except MavenError as error:
        raise JarsError(str(error)) from error
    except OSError as error:
        raise JarsError(f"Kafka's jars cannot be kept in {folder}: {error}") from error
    progress(size, size)


@contextmanager
def _workshop(folder: Path, size: int) -> Iterator[Path]:
    """A folder for downloads under way, beside where they go."""
    folder.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(folder).free
    if free < 2 * size:
        raise JarsError(
            f"{folder} has {free // MEGABYTE} MB free and Kafka's jars need {2 * size // MEGABYTE} MB: "
            "make room, or name another folder with XDG_CACHE_HOME"
        )
    with tempfile.TemporaryDirectory(prefix="download-", dir=folder) as name:
        yield Path(name)


def _download(jar: Jar, source: Repository, workshop: Path) -> Path:
    """The jar from this user's Maven folder or from the repository."""
    import requests  # only a download pays for these
    from jgo.constants import default_maven_repo
    from jgo.maven import MavenContext

    context = MavenContext(
        repo_cache=workshop,
        local_repos=[default_maven_repo()],
        remote_repos={"central": source.url},
        timeout=TIMEOUT_S,
    )
    try:
        found = context.project(jar.group, jar.artifact).at_version(jar.version).artifact().resolve()
    except (requests.RequestException, RuntimeError) as error:
        raise JarsError(_unreachable(jar, source, error)) from error
    if _sha256(found) != jar.sha256:
        raise JarsError(
            f"{jar.name} from {source.shown} is not the file that Apache published: its SHA-256 is "
            f"{_sha256(found)}, expected {jar.sha256}; try again, or look at the mirror"
        )
    return _copy(found, workshop) if workshop not in found.parents else found


def _copy(found: Path, workshop: Path) -> Path:
    return Path(shutil.copyfile(found, workshop / found.name))


def _unreachable(jar: Jar, source: Repository, error: Exception) -> str:
    why = "the repository does not have it" if isinstance(error, RuntimeError) else type(error).__name__
    return (
        f"{jar.name} cannot be downloaded from {source.shown} ({why}). Kafka's jars are downloaded once, "
        f"{sum(each.size for each in pinned()) // MEGABYTE} MB: connect to the network, name a mirror in "
        "~/.m2/settings.xml, or use a Kafka of your own with KAFKA_BOOTSTRAP"
    )


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
