"""`ghostfill up` as a person runs it, with tiny parts in place of the workers."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import pytest

from sinks.loading.sink import GIVE_UP_S
from streams.cli.instance.instance import page_url
from streams.cli.instance.parts import Parts
from streams.cli.instance.setup import Setup, WebSetup
from streams.cli.printing.board import Board
from streams.cli.printing.downloads import Downloads
from streams.local.machine.home import WEB, Home
from streams.local.machine.ports import LOOPBACK, free_ports
from streams.transport.process import fleet, worker
from streams.transport.strict_faust import running
from tests.broker import skip_without_kafka

PATIENCE_S = 40
CLUSTER = ("KAFKA_BOOTSTRAP", "KAFKA_SECURITY_PROTOCOL")


@contextmanager
def up(folder, *options, **environment):
    """An instance in a folder, killed at the end if it still runs."""
    home = Home(folder / "home")
    ready = folder / "ready"
    ready.touch()  # as one leaves it behind that was killed
    (port,) = free_ports(1)
    command = [sys.executable, "-m", "tests.local.parts", "up", "--ready-file", str(ready)]
    command += ["--web-port", str(port), *options]
    inherited = {name: value for name, value in os.environ.items() if name not in CLUSTER}
    with subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        text=True,
        env=inherited | environment | {"GHOSTFILL_HOME": str(home.folder)},
    ) as process:
        try:
            await_that(lambda: home.instance() is not None and ready.exists())
            yield process
        finally:
            process.kill()


def await_that(condition):
    end = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)


def stopped(process, number=signal.SIGINT):
    process.send_signal(number)
    said, _ = process.communicate(timeout=PATIENCE_S)
    return said.splitlines()


@pytest.mark.live
def test_an_instance_starts_survives_and_stops(tmp_path):
    skip_without_kafka()
    home = Home(tmp_path / "home")
    with up(tmp_path, "--workers", "2") as process:
        instance = home.instance()
        assert instance is not None and instance.pid == process.pid
        page = instance.endpoints[WEB]
        os.kill(int((home.run / "desk-2.pid").read_text()), signal.SIGKILL)
        os.kill(int((home.kafka / "kafka.pid").read_text()), signal.SIGKILL)
        ended = json.loads((home.kafka / "ports.json").read_text())
        time.sleep(1)
        lines = stopped(process)
    assert process.returncode == 0
    assert lines[2] == f"  home        {home.folder}"
    assert f"  page        {page}" in lines and page.startswith(f"http://{LOOPBACK}:")
    assert "  kafka       ended by signal 9; starts again in 0.2 s" in lines
    assert "  desk-2      ended by signal 9; starts again in 0.2 s" in lines
    stopped_parts = [line.split()[0] for line in lines[-14:] if line.endswith("stopped")]
    assert stopped_parts == ["web", "sink", "desk-2", "desk", "gate", "clickhouse", "kafka"]
    assert json.loads((home.kafka / "ports.json").read_text()) == ended
    assert not home.instance_file.exists() and not (tmp_path / "ready").exists()


def test_an_instance_on_a_cluster_of_the_users(tmp_path, cluster):
    with up(tmp_path, KAFKA_BOOTSTRAP=cluster.bootstrap) as process:
        instance = Home(tmp_path / "home").instance()
        assert instance is not None
        assert (instance.bootstrap, instance.kafka) == (cluster.bootstrap, "")
        lines = stopped(process, signal.SIGTERM)
    assert f"  kafka       {cluster.bootstrap} (yours)" in lines
    assert not (tmp_path / "home" / "kafka").exists()


def test_a_part_alone_starts_nothing_else(tmp_path, cluster):
    with up(tmp_path, "--part", "results", KAFKA_BOOTSTRAP=cluster.bootstrap) as process:
        instance = Home(tmp_path / "home").instance()
        assert instance is not None and list(instance.endpoints) == ["clickhouse"]
        lines = stopped(process)
    assert {line.split()[0] for line in lines if line.endswith("ready")} == {"clickhouse", "sink"}
    assert "Ready. Ctrl-C stops." in lines


@pytest.mark.parametrize(
    ("options", "code", "said"),
    [
        (["--web-port", "{taken}"], 1, "port {taken} of 127.0.0.1 is taken, and the page needs it: choose another with --web-port {next}"),
        (["--web-host", "192.0.2.1"], 1, "the page cannot listen on 192.0.2.1, port 5005"),
        (["--part", "dashboard"], 2, "the part dashboard shows results: run the part results too, or name their ClickHouse with CLICKHOUSE_URL"),
        (["--web-tls-cert", "{file}"], 2, "give both --web-tls-cert and --web-tls-key, or neither"),
        (["--symbols", "{file}"], 1, "symbols.yaml, line 1, sizes: unknown key"),
        (["--config", "{file}"], 1, "symbols.yaml, line 1, sizes: unknown key"),
    ],
)  # fmt: skip
def test_what_cannot_go_is_said_before_anything_starts(tmp_path, options, code, said):
    (tmp_path / "symbols.yaml").write_text("sizes: 1\n")
    with socket.create_server((LOOPBACK, 0)) as listener:
        taken = listener.getsockname()[1]
        words = {"taken": taken, "next": taken + 1, "file": tmp_path / "symbols.yaml"}
        command = [sys.executable, "-m", "streams.cli", "up", *(each.format(**words) for each in options)]
        environment = {**os.environ, "GHOSTFILL_HOME": str(tmp_path / "home")}
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (code, "")
    assert said.format(**words) in " ".join(done.stderr.split())


@pytest.mark.parametrize("variable", ["", "other.yaml"])
def test_the_settings_are_those_of_the_folder_or_of_the_environment(tmp_path, variable):
    (tmp_path / (variable or "ghostfill.yaml")).write_text("workers: none at all\n")
    environment = {**os.environ, "GHOSTFILL_HOME": str(tmp_path / "home"), "GHOSTFILL_CONFIG": variable}
    environment["PYTHONPATH"] = os.getcwd()
    done = subprocess.run(
        [sys.executable, "-m", "streams.cli", "up"], cwd=tmp_path, env=environment, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    place = f"{variable or 'ghostfill.yaml'}, line 1, workers"
    assert (done.returncode, done.stdout) == (1, "")
    assert f'{place}: found "none at all"; expected a whole number, 1 or more' in done.stderr


@pytest.mark.parametrize(
    ("web", "url"),
    [
        (WebSetup(), "http://127.0.0.1:5005"),
        (WebSetup("0.0.0.0", 80), "http://127.0.0.1:80"),
        (WebSetup("0.0.0.0", 443, ("a.example",), Path("c"), Path("k")), "https://a.example:443"),
        (WebSetup("::", 443, ("a.example:8443",)), "http://a.example:8443"),
        (WebSetup("::1", names=("a.example",)), "http://[::1]:5005"),
    ],
)
def test_the_page_s_address(web, url):
    assert page_url(web) == url


def test_each_part_comes_back_by_its_own_name(tmp_path):
    one, other = (Home(tmp_path / name) for name in ("one", "other"))
    names = []
    for home in (one, other, one):
        home.folder.mkdir(exist_ok=True)
        commands = [part.command for part in Parts(home, Setup(workers=2), {}).ours()]
        names.append([command[command.index("--instance") + 1] for command in commands])
    assert names[0] == names[2]
    assert len({*names[0], *names[1]}) == 10


def test_no_part_is_killed_before_it_gives_up_by_itself(tmp_path):
    """A desk that still wrote its last checkpoint was killed after 10 seconds."""
    parts = {part.name: part for part in Parts(Home(tmp_path), Setup(), {}).ours()}
    assert worker.STOP_SECONDS > fleet.STOP_SECONDS + running.STOP_SECONDS
    takes = {"gate": running.STOP_SECONDS, "desk": worker.STOP_SECONDS, "sink": GIVE_UP_S}
    assert {name: parts[name].patience_s > takes[name] for name in takes} == dict.fromkeys(takes, True)


def test_a_board_on_a_terminal_is_redrawn(capsys):
    board = Board(live=True)
    board.show([("gate", "starting"), ("desk", "starting")])
    board.show([("gate", "ready"), ("desk", "starting")])
    board.say("Ready.")
    said = capsys.readouterr().out
    assert said.count("\x1b[2A\x1b[J") == 2
    assert said.endswith("Ready.\n  gate        ready\n  desk        starting\n")


def test_a_board_in_a_pipe_tells_the_same_again_and_again_now_and_then(capsys):
    now = [0.0]
    board = Board(live=False, clock=lambda: now[0])
    for number in range(1, 1001):
        board.show([("gate", "ready"), ("desk", f"ready, start {number}")])
        board.show([("gate", "ready"), ("desk", "ended with code 70; starts again in 10 s")])
        now[0] += 10
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) < 70
    assert lines[:3] == [
        "  gate        ready",
        "  desk        ready, start 1",
        "  desk        ended with code 70; starts again in 10 s",
    ]
    assert lines[-1].endswith("10 s (and 59 times since the last such line)")
    board.show([("gate", "ended by signal 9; starts again in 0.2 s")])
    assert capsys.readouterr().out == "  gate        ended by signal 9; starts again in 0.2 s\n"


@pytest.mark.parametrize(("live", "lines"), [(True, "\r0\r5\r9\n"), (False, "0\n9\n")])
def test_a_download_tells_how_far_it_is(capsys, live, lines):
    tell = Downloads("Kafka", live=live)
    for done in (0, 5, 9):
        tell(done * 1_000_000, 9_000_000)
    said = capsys.readouterr().err
    assert said.replace("Downloading Kafka, once: ", "").replace(" of 9 MB", "") == lines


@pytest.mark.parametrize("part", ["gate", "desk"])
def test_a_worker_without_kafka_says_so_in_a_sentence(part):
    command = [sys.executable, "-m", "streams.cli", "worker", "--part", part]
    environment = {**os.environ, "KAFKA_BOOTSTRAP": "127.0.0.1:1"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 70
    assert "look at KAFKA_BOOTSTRAP" in done.stderr
    assert "Traceback" not in done.stderr
