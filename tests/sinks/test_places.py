"""How the sinks of one database are told from those of another."""

import pytest

from sinks.loading.places import identity


@pytest.mark.parametrize("kind", ["Atomic", "Memory"])  # only the first gives its tables an id
def test_each_database_has_an_identity_of_its_own(server, kind):
    owner = server.client()
    found = []
    for name in ("one_identity", "another_identity"):
        owner.command(f"CREATE DATABASE {name} ENGINE = {kind}")
        try:
            owner.command(f"CREATE TABLE {name}.migrations (number UInt32) ENGINE = Memory")
            client = server.client(database=name)
            found += [identity(client), identity(client)]
        finally:
            owner.command(f"DROP DATABASE {name}")
    one, again, another, _ = found
    assert one == again != another
