import pytest

from tests.browser import HOW, found, started
from tests.sinks.server import embedded, named


@pytest.fixture(scope="session", params=["embedded", "named"])
def server(request, tmp_path_factory):
    if request.param == "named":
        found = named()
        if found is None:
            pytest.skip("CLICKHOUSE_URL names no server")
        yield found
        return
    with embedded(tmp_path_factory.mktemp("clickhouse")) as running:
        yield running


@pytest.fixture
def database(server):
    """A client in a database of its own."""
    client = server.client()
    client.command("DROP DATABASE IF EXISTS contract")
    client.command("CREATE DATABASE contract ENGINE = Atomic")
    yield server.client(database="contract")
    client.command("DROP DATABASE contract")


@pytest.fixture(scope="module")
def browser():
    path = found()
    if path is None:
        pytest.skip(HOW)
    with started(path) as browser:
        yield browser
