"""`ghostfill connect`: what it prints is taken by the clients that it is for, and a closed instance works whole."""

import os
import re
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from sinks.database.database import Database
from streams.cli.commands.manage.client_settings import CLIENTS
from streams.transport.kafka.cluster import Cluster
from tests.shell.conftest import run
from tests.shell.test_up_results import Trader, await_that, trader  # noqa: F401  # a fixture

ASKS = """
from confluent_kafka.admin import AdminClient
topics = AdminClient(kafka).list_topics(timeout=20).topics
print('fills' in topics, clickhouse.command('SELECT count() FROM fills'))
"""
ASKS_BY_VARIABLES = """
import os, clickhouse_connect
from urllib.parse import urlsplit
from confluent_kafka.admin import AdminClient
names = {"bootstrap.servers": "KAFKA_BOOTSTRAP", "security.protocol": "KAFKA_SECURITY_PROTOCOL",
    "sasl.mechanism": "KAFKA_SASL_MECHANISM", "sasl.username": "KAFKA_SASL_USERNAME",
    "sasl.password": "KAFKA_SASL_PASSWORD"}
topics = AdminClient({name: os.environ[told] for name, told in names.items()}).list_topics(timeout=20).topics
url = urlsplit(os.environ["CLICKHOUSE_URL"])
client = clickhouse_connect.get_client(host=url.hostname, port=url.port, username=os.environ["CLICKHOUSE_USER"],
    password=os.environ.get("CLICKHOUSE_PASSWORD", ""), database=url.path[1:])
print('fills' in topics, client.command('SELECT count() FROM fills'))
"""


@pytest.mark.live
def test_a_closed_instance_trades_and_lets_in_who_was_told_how(trader, tmp_path):  # noqa: F811
    with trader.up("up", "--no-web", "--kafka-auth", "scram"):
        trader.said("account", "create", "mine", "--preset", "auto-trader", "--follow", "scan")
        trader.tick(100)
        wish = f'{{"signal_id": "s-1", "symbol": "X", "side": "long", "ts": {trader.time}}}'
        trader.said("publish", "signals", "-", "--source", "scan", stdin=wish)
        trader.tick(100)
        await_that(lambda: trader.count("fills") == 1)

        client = AdminClient({"bootstrap.servers": trader.cluster.bootstrap, "log_level": 0})
        with pytest.raises(KafkaException):
            client.list_topics(timeout=1)
        assert answered([sys.executable, "-c", trader.said("connect", "python") + ASKS]) == "True 1"
        lines = tmp_path / "lines"
        lines.write_text(trader.said("connect", "--env"))
        (tmp_path / "asks.py").write_text(ASKS_BY_VARIABLES)
        assert answered(["sh", "-c", f". {lines}; exec {sys.executable} {tmp_path / 'asks.py'}"]) == "True 1"
        assert answered(["sh", "-c", trader.said("connect", "clickhouse-client")]) == "1"
        settings = tmp_path / "kcat.conf"
        settings.write_text(trader.said("connect", "kcat"))
        if shutil.which("kcat"):
            assert "fills" in answered(["kcat", "-F", str(settings), "-L"])
        plain = dict(line.split("=", 1) for line in settings.read_text().splitlines() if line[0] != "#")
        assert "fills" in AdminClient(plain).list_topics(timeout=20).topics

        home = Path(trader.environment["GHOSTFILL_HOME"])
        assert home.stat().st_mode & 0o777 == 0o700
        made = [file for file in home.rglob("*") if file.is_file()]
        assert [file for file in made if file.stat().st_mode & 0o077] == []
        password = (home / "secrets" / "kafka").read_text().strip()
        own = set(re.findall(r'password="([^"]+)"', (home / "kafka" / "server.properties").read_text()))
        everywhere = b"\n".join(map(command_line, Path("/proc").glob("[0-9]*/cmdline")))
        assert b"server.properties" in everywhere
        assert not [word for word in {password, *own} if word.encode() in everywhere]
    assert password not in trader.last_said


def command_line(file):
    try:
        return file.read_bytes()
    except OSError:
        return b""


def answered(command):
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("KAFKA", "CLICK"))}
    done = subprocess.run(command, env=inherited, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


OPEN = Cluster("127.0.0.1:9092"), Database("127.0.0.1", 8123, user="reader", embedded=True)
TOUGH = """it's "quoted" \\ $HOME, ä𝄞"""
CLOSED = (
    Cluster("a.example:9093,b.example:9093", "SASL_SSL", "SCRAM-SHA-512", "ann", TOUGH, ca_file="/ca.pem"),
    Database("c.example", 8443, secure=True, user="ann", password=TOUGH, ca_file="/ch-ca.pem"),
)
CERTIFIED = (
    replace(CLOSED[0], certificate="/me.pem", key="/me.key"),
    replace(CLOSED[1], certificate="/ch-me.pem", key="/ch-me.key"),
)


def told(client, places):
    return "\n".join(CLIENTS[client].lines(*places)) + "\n"


def properties(text):
    """As `java.util.Properties` reads them."""

    def unescaped(found):
        return (
            chr(int(found[1][1:], 16))
            if len(found[1]) > 1
            else {"t": "\t", "n": "\n"}.get(found[1], found[1])
        )

    lines = (line for line in text.splitlines() if line and line[0] != "#")
    read = {
        name: re.sub(r"\\(u[0-9a-f]{4}|.)", unescaped, value.lstrip(" "))
        for name, value in (line.split("=", 1) for line in lines)
    }
    return {name: value.encode("utf-16", "surrogatepass").decode("utf-16") for name, value in read.items()}


@pytest.mark.parametrize("client", [name for name, each in CLIENTS.items()])
def test_certificates_of_a_person_s_own_are_named(client):
    said, each = told(client, CERTIFIED), CLIENTS[client]
    kafka, results = ("/ca.pem", "/me.pem", "/me.key"), ("/ch-ca.pem", "/ch-me.pem", "/ch-me.key")
    for file in (*(kafka if each.kafka else ()), *(results if each.database else ())):
        assert re.search(rf"\W{file}\W", said), file
    plain = told(client, OPEN)
    assert ".pem" not in plain and "your certificate" not in plain and "your CA" not in plain


@pytest.mark.parametrize("places", [OPEN, CLOSED, CERTIFIED])
def test_each_language_reads_its_own(places, tmp_path):
    compile(told("python", places), "python", "exec")
    (source,) = yaml.safe_load(told("grafana", places))["datasources"]
    assert source["secureJsonData"]["password"].replace("$$", "$") == places[1].password
    if shutil.which("node"):
        (tmp_path / "told.js").write_text(told("node", places))
        answered(["node", "--check", str(tmp_path / "told.js")])
    if shutil.which("gofmt"):
        (tmp_path / "told.go").write_text("package main\nfunc main() {\n" + told("go", places) + "}\n")
        answered(["gofmt", "-e", str(tmp_path / "told.go")])


def test_no_shell_and_no_file_makes_another_password_of_it():
    said = answered(
        ["sh", "-c", told("shell", CLOSED) + 'printf "%s|%s" "$KAFKA_SASL_PASSWORD" "$CLICKHOUSE_PASSWORD"']
    )
    assert said == f"{TOUGH}|{TOUGH}"
    assert told("java", CLOSED).isascii(), "a file of properties is Latin-1"
    read = properties(told("java", CLOSED))
    assert read["sasl.jaas.config"].endswith(' password="it\'s \\"quoted\\" \\\\ $HOME, ä𝄞";')
    assert read["password"] == TOUGH
    assert properties(told("java", (CLOSED[0], replace(CLOSED[1], password=" p\\w"))))["password"] == " p\\w"
    (line,) = (line for line in told("kcat", CLOSED).splitlines() if line.startswith("sasl.password="))
    assert line == f"sasl.password={TOUGH}"


def test_who_keeps_no_results_is_told_of_kafka_alone():
    places = OPEN[0], None
    assert [name for name in CLIENTS if not CLIENTS[name].lines(*places)] == ["clickhouse-client", "grafana"]
    assert "CLICKHOUSE" not in told("shell", places)


def test_a_user_of_the_embedded_one_is_no_user_of_one_s_own(monkeypatch, capsys):
    monkeypatch.setenv("KAFKA_BOOTSTRAP", "a.example:9092")
    monkeypatch.setenv("CLICKHOUSE_URL", "https://ann@c.example/paper")
    assert run("connect shell") == 0
    assert "CLICKHOUSE_USER=ann" in capsys.readouterr().out
    assert run("connect shell --user default") == 2
    assert "is used as ann: set CLICKHOUSE_USER for another" in capsys.readouterr().err
