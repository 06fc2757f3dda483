"""Databases with tables and views, each dropped at the end."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from schemas.catalog import catalog
from sinks.database.prepare import prepare
from tests.sinks.server import Server


@contextmanager
def database(server: Server, name: str) -> Iterator[Any]:
    """A client in a database of that name, as this version of Ghostfill makes it."""
    owner = server.client()
    owner.command(f"DROP DATABASE IF EXISTS {name}")
    owner.command(f"CREATE DATABASE {name} ENGINE = Atomic")
    client = server.client(database=name, autogenerate_session_id=False)
    try:
        prepare(client, catalog())
        yield client
    finally:
        owner.command(f"DROP DATABASE {name}")
