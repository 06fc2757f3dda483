"""What the parts of a home take of its machine, and what its disks have left.

Rules of this file: it only looks. A pid file that an ended process left behind tells of nobody.
"""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import psutil

from streams.local.machine.home import Home

CLOCKS_S = 2.0
"""The clock of processes and that of files may differ by so much."""


class ProcessUsage(NamedTuple):
    """One process."""

    part: str
    pid: int
    memory: int
    """Bytes."""
    cpu: float
    """Seconds of a core."""
    started: float


class Disk(NamedTuple):
    """Where a folder lies, in bytes."""

    folder: str
    size: int
    free: int


def processes(home: Home, own: str) -> list[ProcessUsage]:
    """Those that `up` started in this home; and this process, a part named `own`."""
    files = sorted([*home.kafka.glob("*.pid"), *home.run.glob("*.pid")])
    found = [used for file in files if (used := _noted(file)) is not None]
    if any(each.pid == os.getpid() for each in found):
        return found
    return [*found, _usage(own, psutil.Process())]


def _noted(file: Path) -> ProcessUsage | None:
    """The process of a pid file, unless that number is another's by now."""
    try:
        noted = file.stat().st_mtime
        used = _usage(file.stem, psutil.Process(int(file.read_text("ascii"))))
    except (OSError, ValueError, psutil.Error):
        return None
    return used if used.started <= noted + CLOCKS_S else None


def _usage(part: str, process: psutil.Process) -> ProcessUsage:
    with process.oneshot():
        times = process.cpu_times()
        memory = process.memory_info().rss
        return ProcessUsage(part, process.pid, memory, times.user + times.system, process.create_time())


def disks(home: Home) -> Iterator[Disk]:
    """Of the home, and of Kafka's and ClickHouse's data in it: each may lie on a disk of its own."""
    for name, folder in (("home", home.folder), ("kafka", home.kafka), ("clickhouse", home.clickhouse)):
        if folder.exists():
            usage = shutil.disk_usage(folder)
            yield Disk(name, usage.total, usage.free)
