"""Our schemas in a registry that speaks Confluent's protocol. A real one is asked in `make test-languages`."""

import base64
import json
from http.server import ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote

import pytest

from schemas.errors import RegistryError
from schemas.wire.registry_server import RegistryServer
from streams.clients.schema_registry import compare, publish, subjects
from tests.json_server import JsonAnswers, serving


class Server(ThreadingHTTPServer):
    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answers)
        self.kept: dict[str, list[str]] = {}
        self.told: list[str | None] = []
        self.refuses = False
        self.verdict: dict[str, Any] = {"is_compatible": True}


class Answers(JsonAnswers):
    """Keeps what it is given, by subject."""

    server: Server

    def do_GET(self):  # the library's name
        parts = unquote(self.path).strip("/").split("/")
        versions = self.server.kept.get(parts[1]) if parts[0] == "subjects" else None
        if versions is None:
            self.answer(404, {"error_code": 40401, "message": "Subject not found."})
        elif len(parts) == 3:
            self.answer(200, list(range(1, len(versions) + 1)))
        else:
            self.answer(200, {"schema": versions[int(parts[3]) - 1], "version": int(parts[3])})

    def do_POST(self):  # the library's name
        parts = unquote(self.path).strip("/").split("/")
        schema = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["schema"]
        self.server.told.append(self.headers.get("Authorization"))
        if parts[0] == "compatibility":
            self.answer(200, self.server.verdict)
        elif self.server.refuses:
            self.answer(409, {"error_code": 409, "message": "Schema being registered is incompatible"})
        else:
            versions = self.server.kept.setdefault(parts[1], [])
            if schema not in versions:
                versions.append(schema)
            self.answer(200, {"id": 100 + versions.index(schema)})


@pytest.fixture
def kept():
    with serving(Server()) as server:
        yield server


@pytest.fixture
def registry(kept):
    return RegistryServer(f"http://127.0.0.1:{kept.server_port}/")


def test_all_are_put_there_each_version_after_the_other_and_once(kept, registry):
    first, again = list(publish(registry)), list(publish(registry))
    assert first == again
    assert [(each.version, each.id) for each in first if each.subject == "equity-value"] == [
        (1, 100),
        (2, 101),
    ]
    assert {each.subject for each in first} == {each.name for each in subjects()} == kept.kept.keys()
    assert "ticks-ghostfill.Tick" in kept.kept and "signals-value" in kept.kept


def test_what_is_there_is_told(kept, registry):
    assert {each.state for each in compare(registry)} == {"missing"}
    list(publish(registry))
    assert {each.state for each in compare(registry)} == {"same"}
    kept.kept["equity-value"].pop(0)
    kept.kept["slice-timers-value"].pop()
    states = {each.subject: each.state for each in compare(registry)}
    assert (states["equity-value"], states["slice-timers-value"], states["fills-value"]) == (
        "older",
        "older",
        "same",
    )


@pytest.mark.parametrize(
    ("verdict", "reads", "why"),
    [
        ({"is_compatible": True}, True, ""),
        (
            {"is_compatible": False, "messages": ["READER_FIELD_MISSING", "side"]},
            False,
            "READER_FIELD_MISSING; side",
        ),
    ],
)
def test_of_anothers_schema_the_registry_says_whether_ours_reads_it(kept, registry, verdict, reads, why):
    list(publish(registry))
    kept.kept["signals-value"].append(json.dumps({"type": "record", "name": "Alarm", "fields": []}))
    kept.verdict = verdict
    (found,) = [each for each in compare(registry) if each.subject == "signals-value"]
    assert (found.state, found.reads, found.why_not) == ("other", reads, why)


def test_a_name_and_password_go_along_and_are_never_shown(kept):
    registry = RegistryServer(f"http://me:se%40cret@127.0.0.1:{kept.server_port}")
    list(publish(registry))
    assert set(kept.told) == {f"Basic {base64.b64encode(b'me:se@cret').decode()}"}
    kept.refuses = True
    with pytest.raises(RegistryError, match="answered 409: Schema being registered is incompatible") as error:
        list(publish(registry))
    assert "cret" not in str(error.value)


@pytest.mark.parametrize("url", ["http://127.0.0.1:9", "nowhere", "http://[::1"])
def test_one_that_does_not_answer_is_one_sentence(url):
    with pytest.raises(RegistryError):
        list(publish(RegistryServer(url)))
