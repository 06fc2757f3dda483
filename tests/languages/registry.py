"""A real schema registry, Apicurio's, from Maven Central; kept between runs."""

import hashlib
import shutil
import subprocess
import tarfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from streams.local.kafka.maven import repository
from streams.local.machine.ports import free_ports
from streams.local.parts.child import end_child, start_child

VERSION = "3.0.9"
ARCHIVE = f"io/apicurio/apicurio-registry-app/{VERSION}/apicurio-registry-app-{VERSION}-all.tar.gz"
START_S = 120


@contextmanager
def running_registry(kept: Path, folder: Path) -> Iterator[str]:
    """Its URL, for those who speak Confluent's protocol."""
    if shutil.which("java") is None:
        pytest.skip("the registry needs Java 17")
    _fetch(kept)
    (port,) = free_ports(1)
    runner = next(kept.glob("apicurio-registry-app-*-runner.jar"))
    command = ["java", f"-Dquarkus.http.port={port}", "-Dquarkus.http.host=127.0.0.1", "-jar", str(runner)]
    with (folder / "registry.log").open("wb") as log:
        process = start_child(command, log)
    url = f"http://127.0.0.1:{port}/apis/ccompat/v7"
    try:
        _await(f"{url}/subjects", process, folder / "registry.log")
        yield url
    finally:
        end_child(process, 20)


def _fetch(kept: Path) -> None:
    if list(kept.glob("*-runner.jar")):
        return
    source = f"{repository().url}/{ARCHIVE}"
    archive = kept / "archive.tar.gz"
    try:
        with urllib.request.urlopen(f"{source}.sha1", timeout=30) as answer:
            wanted = answer.read().decode().split()[0]
        urllib.request.urlretrieve(source, archive)
    except urllib.error.URLError as error:
        pytest.skip(f"the registry cannot be fetched: {error}")
    assert hashlib.sha1(archive.read_bytes()).hexdigest() == wanted, "it was damaged on its way"
    with tarfile.open(archive) as packed:
        packed.extractall(kept, filter="data")
    archive.unlink()


def _await(url: str, process: "subprocess.Popen[bytes]", log: Path) -> None:
    end = time.monotonic() + START_S
    while True:
        try:
            with urllib.request.urlopen(url, timeout=5):
                return
        except OSError:
            assert process.poll() is None and time.monotonic() < end, log.read_text("utf-8")[-2000:]
            time.sleep(0.5)
