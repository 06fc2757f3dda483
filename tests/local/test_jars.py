"""Kafka's jars: fetched once from the right place, checked, and never half there."""

import hashlib
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from streams.local.kafka import jars
from streams.local.kafka.jars import Jar, JarsError, kafka_jars, pinned
from streams.local.kafka.maven import CENTRAL, MavenError, repository
from tests.local.pin_jars import LEFT_OUT

CONTENT = b"a jar"
ONE = Jar("org.acme", "one", "1.0", len(CONTENT), hashlib.sha256(CONTENT).hexdigest())
SETTINGS = """
<settings xmlns="http://maven.apache.org/SETTINGS/1.2.0">
  <servers><server><id>{server}</id><username>${{env.WHO}}</username><password>p@ss</password></server></servers>
  <mirrors>
    <mirror><id>other</id><mirrorOf>snapshots,external:http:*</mirrorOf><url>http://other</url></mirror>
    <mirror><id>mine</id><mirrorOf>{mirror_of}</mirrorOf><url>{url}</url></mirror>
  </mirrors>
</settings>
"""


class Answers(BaseHTTPRequestHandler):
    """A Maven repository of one jar."""

    content = CONTENT

    def do_GET(self):
        found = self.path == "/maven/org/acme/one/1.0/one-1.0.jar"
        self.send_response(200 if found else 404)
        self.send_header("Content-Length", str(len(self.content) if found else 0))
        self.end_headers()
        self.wfile.write(self.content if found else b"")

    def log_message(self, *words):
        pass


@pytest.fixture
def settings(tmp_path, monkeypatch):
    """A user whose Maven settings name a mirror."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("M2_REPO", str(tmp_path / ".m2" / "repository"))
    (tmp_path / ".m2").mkdir()

    def write(url, mirror_of="*", server="none"):
        text = SETTINGS.format(url=url, mirror_of=mirror_of, server=server)
        (tmp_path / ".m2" / "settings.xml").write_text(text)

    return write


@pytest.fixture
def mirror(settings, monkeypatch):
    monkeypatch.setattr(jars, "pinned", lambda: [ONE])
    with ThreadingHTTPServer(("127.0.0.1", 0), Answers) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        settings(f"http://127.0.0.1:{server.server_port}/maven/")
        yield server
        server.shutdown()
        thread.join()


def test_the_pins_are_whole():
    names = [jar.name for jar in pinned()]
    assert f"kafka_2.13-{jars.KAFKA_VERSION}.jar" in names and "slf4j-simple-1.7.36.jar" in names
    assert len(set(names)) == len(names)
    assert not {jar.artifact for jar in pinned()} & LEFT_OUT


def test_a_jar_is_fetched_once_from_the_mirror(mirror, tmp_path):
    told = []
    for _ in range(2):
        (path,) = kafka_jars(tmp_path / "cache", lambda done, wanted: told.append((done, wanted)))
        assert path.read_bytes() == CONTENT
    assert told == [(0, 5), (5, 5)]
    assert [each.name for each in path.parent.iterdir()] == ["one-1.0.jar"]


def test_a_jar_of_the_users_maven_folder_is_taken(mirror, tmp_path, monkeypatch):
    monkeypatch.setattr(Answers, "content", b"must not be asked")
    kept = tmp_path / ".m2/repository/org/acme/one/1.0/one-1.0.jar"
    kept.parent.mkdir(parents=True)
    kept.write_bytes(CONTENT)
    (path,) = kafka_jars(tmp_path / "cache")
    assert path.read_bytes() == kept.read_bytes() == CONTENT


@pytest.mark.parametrize("found", [CONTENT[:2], b"a jam"])
def test_a_jar_that_is_not_the_pinned_one_is_fetched_again(mirror, tmp_path, found):
    (tmp_path / "one-1.0.jar").write_bytes(found)
    assert [path.read_bytes() for path in kafka_jars(tmp_path)] == [CONTENT]


def test_another_file_is_not_kept(mirror, tmp_path, monkeypatch):
    monkeypatch.setattr(Answers, "content", b"a jam")
    with pytest.raises(
        JarsError, match=r"one-1\.0\.jar from http://127.* is not the file that Apache published"
    ):
        kafka_jars(tmp_path / "cache")
    assert list((tmp_path / "cache").iterdir()) == []


def test_a_repository_that_does_not_have_it(mirror, tmp_path, monkeypatch):
    monkeypatch.setattr(jars, "pinned", lambda: [Jar("org.acme", "two", "1.0", 1, "")])
    with pytest.raises(
        JarsError, match=r"two-1\.0\.jar cannot be downloaded .*the repository does not have it"
    ):
        kafka_jars(tmp_path / "cache")


def test_no_network(settings, tmp_path):
    settings("http://127.0.0.1:1/maven")
    with pytest.raises(
        JarsError, match=r"cannot be downloaded .*\(ConnectionError\).*connect to the network, name a mirror"
    ):
        kafka_jars(tmp_path / "cache")


def test_no_room(mirror, tmp_path, monkeypatch):
    monkeypatch.setattr(jars, "pinned", lambda: [Jar("org.acme", "one", "1.0", 10**18, "")])
    with pytest.raises(JarsError, match=r"make room, or name another folder with XDG_CACHE_HOME"):
        kafka_jars(tmp_path / "cache")


@pytest.mark.parametrize(
    ("mirror_of", "url"),
    [
        ("*", "http://mine"),
        ("central", "http://mine"),
        ("snapshots, central", "http://mine"),
        ("external:*", "http://mine"),
        ("*,!central", CENTRAL),
        ("snapshots", CENTRAL),
    ],
)
def test_which_mirror_stands_for_central(settings, mirror_of, url):
    settings("http://mine/", mirror_of)
    assert repository({}).url == url


def test_a_mirrors_password_is_used_and_not_shown(settings):
    settings("https://mine/maven", server="mine")
    found = repository({"WHO": "ann"})
    assert (found.url, found.shown) == ("https://ann:p%40ss@mine/maven", "https://mine/maven")


def test_settings_that_are_no_xml(tmp_path):
    assert repository({}, tmp_path).url == CENTRAL
    (tmp_path / ".m2").mkdir()
    Path(tmp_path / ".m2/settings.xml").write_text("<settings>")
    with pytest.raises(MavenError, match=r"settings\.xml cannot be read: .*fix it or move it away"):
        repository({}, tmp_path)
