"""A demo that knows a registry of schemas, and a person in a terminal beside it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.broker import skip_without_kafka
from tests.languages.page import PAGE, ROOT
from tests.languages.registry import running_registry
from tests.live.documented import Person, blocks
from tests.web.stack import Stack, started

FIRST = "ghostfill account create breakout"


@pytest.fixture(scope="session")
def registry(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    kept = ROOT / ".venv" / ".registry"
    kept.mkdir(exist_ok=True)
    with running_registry(kept, tmp_path_factory.mktemp("registry")) as url:
        yield url


@pytest.fixture(scope="session")
def demo(registry: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    skip_without_kafka()
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("SCHEMA_REGISTRY_URL", registry)
        with started(tmp_path_factory.mktemp("languages"), "60x") as stack:
            yield stack


@pytest.fixture(scope="session")
def person(demo: Stack) -> Person:
    """With the account that the page opens, and the variables that it sets."""
    someone = Person(demo.environment)
    (block,) = blocks(str(PAGE.relative_to(ROOT)), "sh", FIRST)
    create, connect = block.splitlines()
    someone.types(create)
    for line in someone.types(f"{connect}; env").splitlines():
        name, _, value = line.partition("=")
        if name.startswith(("KAFKA_", "CLICKHOUSE_")):
            someone.environment[name] = value
    return someone


@pytest.fixture
def folder(tmp_path: Path, person: Person) -> Path:
    """Of its own, with a Python that has nothing yet."""
    person.types(f"python3 -m venv {tmp_path}/python")
    return tmp_path
