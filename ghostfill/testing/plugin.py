"""Fixtures that pytest finds by itself where Ghostfill is installed.

Rules of this file: it costs nothing until a test asks for one of them.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from ghostfill.testing.session import Session
    from ghostfill.testing.world import Ghostfill

SYMBOLS = "ghostfill_symbols"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addini(
        SYMBOLS, "File of tick sizes, lots and market hours that the tests' Ghostfill is given.", type="paths"
    )


@pytest.fixture(scope="session")
def ghostfill_session(
    tmp_path_factory: pytest.TempPathFactory, pytestconfig: pytest.Config
) -> Iterator["Session"]:
    """What the tests with `ghostfill` share: an embedded Kafka, a gate and a desk."""
    with _session(tmp_path_factory, pytestconfig, {}) as session:
        yield session


@pytest.fixture
def ghostfill(ghostfill_session: "Session") -> Iterator["Ghostfill"]:
    """A Ghostfill in which nothing has happened: a market and accounts of this test's own."""
    with ghostfill_session.world() as world:
        yield world


@pytest.fixture(scope="session")
def ghostfill_containers_session(
    tmp_path_factory: pytest.TempPathFactory, pytestconfig: pytest.Config
) -> Iterator["Session"]:
    """The same on a Kafka and a ClickHouse in containers."""
    from ghostfill.testing.containers import containers

    with containers() as named, _session(tmp_path_factory, pytestconfig, named) as session:
        yield session


@pytest.fixture
def ghostfill_containers(ghostfill_containers_session: "Session") -> Iterator["Ghostfill"]:
    """`ghostfill`, on a Kafka and a ClickHouse in containers of testcontainers."""
    with ghostfill_containers_session.world() as world:
        yield world


@contextmanager
def _session(
    folders: pytest.TempPathFactory, config: pytest.Config, named: Mapping[str, str]
) -> Iterator["Session"]:
    from ghostfill.testing.session import Session

    found: list[Path] = config.getini(SYMBOLS)
    session = Session(folders.mktemp("ghostfill"), named, found[0] if found else None)
    try:
        yield session
    finally:
        session.stop()
