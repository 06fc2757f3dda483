"""`ghostfill.yaml`: what `ghostfill up` runs, as a person writes it.

Rules of this file: all that is wrong is told at once, each with its line. Paths are as seen from the file.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sinks.database.database import Database, DatabaseError
from streams.accounts import values
from streams.accounts.document import Faults, Item, parse
from streams.accounts.load import read_text
from streams.cli.instance.named_parts import read_accounts, read_feeds, read_strategies
from streams.cli.instance.sections import Reader, file, given, port, section
from streams.cli.instance.setup import PARTS, ClickHouseSetup, KafkaSetup, Setup, WebSetup
from streams.local.kafka.topics import MARKET_NAME
from streams.local.machine.kafka_login import AUTHS

FILE = "keys such as parts, accounts and feeds"
KAFKA = "{port: 9092, heap: 512m, auth: scram} or {bootstrap: host:9092}"
CLICKHOUSE = "{port: 8123, ticks: false} or {url: https://clickhouse.example:8443/ghostfill}"
PAGE = "{host: 127.0.0.1, port: 5005}"


def read_setup(path: Path) -> Setup:
    return parse_setup(read_text(str(path), "settings", []), path)


def parse_setup(text: str, path: Path) -> Setup:
    """`path`: where the text stands."""
    faults = Faults()
    item = parse(text, path.name, faults)
    said: dict[str, Any] = {}
    with faults.gathered():
        said = given(item, _readers(path.absolute().parent), FILE)
    for name in said.get("strategies", {}).keys() & said.get("feeds", {}).keys():
        twice = item.entries["strategies"].entries[name]
        faults.found += twice.fault("a feed has this name; expected another").faults
    faults.raise_any()
    return Setup(**said, file=path.absolute())


def _readers(folder: Path) -> Mapping[str, Reader]:
    return {
        "parts": _parts,
        "workers": values.whole(),
        "markets": values.texts("markets such as [crypto], without `ticks.`", MARKET_NAME.pattern),
        "symbols": file(folder, "a symbols file"),
        "kafka": section(KafkaSetup, _KAFKA, KAFKA),
        "clickhouse": section(ClickHouseSetup, _CLICKHOUSE, CLICKHOUSE),
        "web": lambda item: _web(item, folder),
        "accounts": lambda item: read_accounts(item, folder),
        "feeds": lambda item: read_feeds(item, folder),
        "strategies": lambda item: read_strategies(item, folder),
    }


def _parts(item: Item) -> tuple[str, ...]:
    expected = f"some of {', '.join(PARTS)}"
    found = values.texts(expected, "|".join(PARTS))(item)
    if not found:
        raise item.fault(f"found none; expected {expected}")
    return found


def _url(item: Item) -> str:
    expected = "a URL such as https://clickhouse.example:8443/ghostfill"
    try:
        Database.at(item.value(expected))
    except DatabaseError:
        raise item.wrong(expected) from None
    return item.text


def _web(item: Item, folder: Path) -> WebSetup:
    readers: Mapping[str, Reader] = {
        "host": values.text("an address of this machine, or 0.0.0.0 for all of them", r"\S+"),
        "port": port,
        "names": values.texts("host names such as [paper.example]", r"\S+"),
        "tls_cert": file(folder, "a PEM file"),
        "tls_key": file(folder, "a PEM file"),
    }
    read = given(item, readers, PAGE)
    if ("tls_cert" in read) != ("tls_key" in read):
        raise item.fault("expected tls_cert and tls_key together")
    return WebSetup(**read)


_KAFKA: Mapping[str, Reader] = {
    "port": port,
    "heap": values.text("memory such as 512m or 2g", r"\d+[mMgG]"),
    "auth": values.one_of(*AUTHS),
    "replicas": values.whole(),
    "bootstrap": values.text("host:port, or several with commas between", r"[^\s,]+:\d+(,[^\s,]+:\d+)*"),
}
_CLICKHOUSE: Mapping[str, Reader] = {"port": port, "ticks": values.boolean, "url": _url}
