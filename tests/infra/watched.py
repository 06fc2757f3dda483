"""A demo, a page that asks for a token as one in a cluster does, and the Prometheus of `infra/` that asks it."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple
from urllib.error import HTTPError
from urllib.parse import urlencode, urlsplit
from urllib.request import Request, urlopen

import yaml
from confluent_kafka import Producer

from streams.local.machine.ports import free_ports
from tests.infra.dashboards import PROMETHEUS
from tests.web.stack import PATIENCE_S, Stack, await_that, started

UNREADABLE = b"this is no signal"


class Reader(NamedTuple):
    """How ClickHouse is asked."""

    address: str
    database: str
    password: str
    user: str = "reader"


class Watched(NamedTuple):
    """What runs."""

    demo: Stack
    page: str
    prometheus: str

    @property
    def reader(self) -> Reader:
        url = urlsplit(instance(self.demo)["endpoints"]["clickhouse"])
        password = (self.demo.home / "secrets" / "clickhouse-reader").read_text("ascii").strip()
        return Reader(url.netloc, url.path.strip("/"), password)

    def rows(self, statement: str) -> list[dict[str, Any]]:
        """What ClickHouse says to `reader`; what it refuses is an error with its words."""
        reader = self.reader
        where = f"http://{reader.address}/?database={reader.database}&default_format=JSON"
        request = Request(where, statement.encode())
        request.add_header("X-ClickHouse-User", reader.user)
        request.add_header("X-ClickHouse-Key", reader.password)
        found: list[dict[str, Any]] = json.loads(_answer(request))["data"]
        return found

    def series(self, expression: str) -> list[dict[str, Any]]:
        """What Prometheus says now."""
        found: list[dict[str, Any]] = self.ask("query", query=expression)["result"]
        return found

    def ask(self, path: str, **parameters: str) -> Any:
        """Of Prometheus."""
        request = Request(f"{self.prometheus}/api/v1/{path}?{urlencode(parameters)}")
        return json.loads(_answer(request))["data"]


def instance(demo: Stack) -> dict[str, Any]:
    """What it says of itself."""
    found: dict[str, Any] = json.loads((demo.home / "instance.json").read_text("utf-8"))
    return found


def _answer(request: Request) -> bytes:
    try:
        with urlopen(request, timeout=PATIENCE_S) as answer:
            return bytes(answer.read())
    except HTTPError as error:
        with error:
            raise AssertionError(error.read().decode()) from error


@contextmanager
def watched(folder: Path) -> Iterator[Watched]:
    """With a record that nobody can read, so that there is a dead letter."""
    with started(folder) as demo, _page(demo) as page:
        _send_what_nobody_can_read(demo)
        token = folder / "token"
        said = demo.run("token", "create", "prometheus", "--role", "read")
        token.write_text(next(word for word in said.split() if word.startswith("gf_")))
        with _prometheus(folder, page.removeprefix("http://"), token) as prometheus:
            found = Watched(demo, page, prometheus)
            await_that(lambda: found.series("count_over_time(ghostfill_records_total[1m]) > 5"))
            await_that(lambda: found.rows("SELECT 1 FROM dead_letters"))
            yield found


@contextmanager
def _page(demo: Stack) -> Iterator[str]:
    (port,) = free_ports(1)
    command = [sys.executable, "-m", "streams.cli", "web", "--port", str(port), "--name", "web"]
    with subprocess.Popen(command, env=demo.environment, stderr=subprocess.DEVNULL) as process:
        try:
            await_that(lambda: _answer(Request(f"http://127.0.0.1:{port}/healthz")))
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()


@contextmanager
def _prometheus(folder: Path, page: str, token: Path) -> Iterator[str]:
    (port,) = free_ports(1)
    config = yaml.safe_load((PROMETHEUS / "prometheus.yml").read_text("utf-8"))
    config["global"] = {"scrape_interval": "1s", "scrape_timeout": "1s", "evaluation_interval": "1s"}
    config["rule_files"] = [str(PROMETHEUS / each) for each in config["rule_files"]]
    ghostfill, itself = config["scrape_configs"]
    ghostfill["authorization"]["credentials_file"] = str(token)
    ghostfill["static_configs"] = [{"targets": [page]}]
    itself["static_configs"] = [{"targets": [f"127.0.0.1:{port}"]}]
    file = folder / "prometheus.yml"
    file.write_text(yaml.safe_dump(config), "utf-8")
    command = [
        "prometheus", f"--config.file={file}", f"--storage.tsdb.path={folder / 'prometheus'}",
        f"--web.listen-address=127.0.0.1:{port}",
    ]  # fmt: skip
    with (
        (folder / "prometheus.log").open("wb") as log,
        subprocess.Popen(command, stdout=log, stderr=log) as process,
    ):
        try:
            await_that(lambda: _answer(Request(f"http://127.0.0.1:{port}/-/ready")))
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()


def _send_what_nobody_can_read(demo: Stack) -> None:
    producer = Producer({"bootstrap.servers": instance(demo)["bootstrap"]})
    producer.produce("signals", UNREADABLE)
    assert producer.flush(PATIENCE_S) == 0
