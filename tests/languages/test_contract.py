"""AsyncAPI's own parser reads the contract, and a consumer that was generated from it reads fills. A real registry takes our schemas."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.languages.page import ROOT
from tests.languages.reading import read_until
from tests.live.documented import Person
from tests.web.stack import Stack

pytestmark = pytest.mark.languages

GENERATE = ROOT / "tests" / "languages" / "generate.mjs"
PACKAGES = ["@asyncapi/parser@3", "@asyncapi/avro-schema-parser@3", "kafkajs", "avsc"]
INSTALL_S = 300


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if shutil.which("npm") is None:
        pytest.skip("AsyncAPI's parser comes from npm, which is not here")
    folder = tmp_path_factory.mktemp("node")
    command = ["npm", "install", "--no-audit", "--no-fund", *PACKAGES]
    done = subprocess.run(command, cwd=folder, text=True, capture_output=True, timeout=INSTALL_S, check=False)
    if done.returncode:
        pytest.skip(f"npm cannot install AsyncAPI's parser here: {done.stderr[-300:]}")
    shutil.copy(GENERATE, folder)
    return folder


def test_a_consumer_made_from_the_contract_reads_fills(node: Path, demo: Stack):
    (node / "asyncapi.yaml").write_bytes(demo.ask("GET", "/asyncapi.yaml").body)
    done = subprocess.run(
        ["node", "generate.mjs", "asyncapi.yaml", "fills"],
        cwd=node,
        text=True,
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    (node / "consumer.mjs").write_text(done.stdout, "utf-8")
    (fill, *_) = demo.get("/api/fills?limit=1")["items"]
    command = ["node", "consumer.mjs"]
    read = read_until(command, node, os.environ, lambda said: _fill_in(said, fill["fill_id"]))
    assert (read["account"], read["symbol"], read["side"]) == (fill["account"], fill["symbol"], fill["side"])


def _fill_in(said: str, fill_id: str) -> dict[str, object]:
    """Of the lines that are whole; empty where it is not among them."""
    lines = [line for line in said.splitlines() if line.startswith("{") and line.endswith("}")]
    found = [json.loads(line) for line in lines if f'"{fill_id}"' in line]
    return next((each for each in found if each.get("fill_id") == fill_id), {})


def test_a_real_registry_takes_our_schemas_and_says_so(person: Person, registry: str):
    said = person.types(f"ghostfill schemas publish --registry {registry}")
    assert person.types(f"ghostfill schemas publish --registry {registry}") == said
    checked = person.types(f"ghostfill schemas check --registry {registry}").splitlines()
    assert checked and all(line.split()[-1] == "same" for line in checked)
