"""What a backup says of itself: `manifest.json`, written last, so that it is there beside a whole one only.

Rules of this file: before anything is restored every file is compared with what the manifest says of it.
"""

import hashlib
from collections.abc import Mapping
from importlib import metadata
from pathlib import Path

import msgspec

from streams.clients.kafka import Place
from streams.files.writing.whole import write_whole
from streams.transport.kafka.cluster import ClusterError

FILE = "manifest.json"
FORMAT = 1
CHUNK = 1 << 20


class BackupError(ClusterError):
    """A backup cannot be taken or restored; says what to do."""


class PartitionBackup(msgspec.Struct, frozen=True):
    """A partition as it was."""

    end: int
    """The offset after the last record."""
    records: int


class TopicBackup(msgspec.Struct, frozen=True):
    """A topic as it was."""

    settings: dict[str, str]
    """Kafka's, as far as they were the topic's own."""
    partitions: list[PartitionBackup]


class Manifest(msgspec.Struct, frozen=True):
    """A whole backup."""

    format: int
    ghostfill: str
    """The version that took it."""
    taken: str
    topics: dict[str, TopicBackup]
    groups: dict[str, dict[str, dict[int, int]]]
    """How far each consumer group had read: by topic and partition."""
    tables: dict[str, list[str]]
    """ClickHouse's tables and their columns."""
    files: dict[str, str]
    """The SHA-256 of each file."""

    @property
    def ends(self) -> dict[Place, int]:
        return {
            (topic, number): partition.end
            for topic, found in self.topics.items()
            for number, partition in enumerate(found.partitions)
        }

    @property
    def records(self) -> int:
        return sum(each.records for found in self.topics.values() for each in found.partitions)


def new_folder(folder: Path) -> None:
    """Made, or empty already."""
    folder.mkdir(parents=True, exist_ok=True)
    if any(folder.iterdir()):
        raise BackupError(f"{folder} is not empty: name a new folder for each backup")


def records_file(folder: Path, place: Place) -> Path:
    topic, partition = place
    return folder / "topics" / topic / f"{partition}.parquet"


def table_file(folder: Path, table: str) -> Path:
    return folder / "tables" / f"{table}.native.zst"


def write(
    folder: Path,
    taken: str,
    topics: dict[str, TopicBackup],
    groups: Mapping[str, dict[str, dict[int, int]]],
    tables: dict[str, list[str]],
) -> Manifest:
    """With what is in the folder now."""
    files = {
        str(path.relative_to(folder)): digest(path) for path in sorted(folder.rglob("*")) if path.is_file()
    }
    made = Manifest(FORMAT, metadata.version("ghostfill"), taken, topics, dict(groups), tables, files)
    write_whole(folder / FILE, f"{msgspec.json.format(msgspec.json.encode(made), indent=1).decode()}\n")
    return made


def read(folder: Path) -> Manifest:
    """Of a backup that is whole."""
    file = folder / FILE
    if not file.exists():
        raise BackupError(f"{file} is not there: {folder} is no backup, or one that was not finished")
    try:
        found = msgspec.json.decode(file.read_bytes(), type=Manifest)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise BackupError(f"{file} cannot be read: {error}") from error
    if found.format != FORMAT:
        raise BackupError(
            f"{file} is of format {found.format}, and this Ghostfill reads {FORMAT}: restore it with "
            f"Ghostfill {found.ghostfill}"
        )
    for name, expected in found.files.items():
        if not (folder / name).is_file():
            raise BackupError(f"{folder / name} is missing: copy the backup again, whole")
        if digest(folder / name) != expected:
            raise BackupError(
                f"{folder / name} is not as it was written: copy the backup again, or use another"
            )
    return found


def digest(path: Path) -> str:
    found = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            found.update(chunk)
    return found.hexdigest()
