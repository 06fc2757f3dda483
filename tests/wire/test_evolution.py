"""Bytes that were written once must be read for ever.

`stored.json` holds real records of each message and version, in hex, and what they mean. A new version adds its
own; none is ever changed. `python -m tests.wire.store` adds what is missing.
"""

import json
import shutil
from pathlib import Path

import pytest

from schemas.catalog import PACKAGE, Catalog, catalog
from schemas.codec import Codec, decode, encode
from schemas.errors import MessageError
from schemas.kinds import key_of
from schemas.messages import Clock, Signal
from schemas.wire.avro import read_record
from schemas.wire.avro_schemas import HEADER_SIZE, header_of

STORED = json.loads((Path(__file__).parent / "stored.json").read_text())
CODEC = Codec()

SIGNAL = Signal(signal_id="a", source="s", symbol="AAPL", side="long", ts=5, note="x")
ADDED = '    {"name": "horizon", "type": ["null", "long"], "default": null},\n    {"name": "note"'


@pytest.mark.parametrize("record", STORED, ids=lambda record: f"{record['message']}-v{record['version']}")
def test_stored_bytes_are_read(record):
    value = bytes.fromhex(record["value"])
    message = decode(record["topic"], bytes.fromhex(record["key"]), value)
    assert CODEC.write_json(message) == record["means"]


def test_every_version_has_stored_bytes():
    kept = {(record["message"], record["version"]) for record in STORED}
    schemas = catalog().schemas.versions
    assert kept == {(kind, version) for kind, versions in schemas.items() for version in versions}


@pytest.mark.parametrize("record", STORED, ids=lambda record: f"{record['message']}-v{record['version']}")
def test_the_newest_version_still_writes_the_same_bytes(record):
    if record["version"] == catalog().schemas.current(record["message"]).version:
        message = CODEC.read_json(record["message"], record["means"])
        assert (encode(message).hex(), key_of(message).hex()) == (record["value"], record["key"])


@pytest.fixture
def newer(tmp_path):
    """This catalogue with a second version of a signal, which has a field more."""
    for part in ("topics", "avro"):
        shutil.copytree(PACKAGE / part, tmp_path / part)
    first = (tmp_path / "avro/signal.v1.avsc").read_text()
    (tmp_path / "avro/signal.v2.avsc").write_text(first.replace('    {"name": "note"', ADDED))
    return tmp_path


def test_a_reader_of_the_second_version_reads_the_first(newer):
    codec = Codec(Catalog(newer))
    old, new = encode(SIGNAL), codec.encode(SIGNAL)
    assert old != new
    assert codec.decode("signals", None, old) == codec.decode("signals", None, new) == SIGNAL


def test_a_new_field_of_old_bytes_has_its_default(newer):
    schemas = Catalog(newer).schemas
    old = encode(SIGNAL)
    record = read_record(old, HEADER_SIZE, schemas.writer_of(old).parsed, schemas.current("signal").parsed)
    assert record["horizon"] is None
    assert record["note"] == "x"


def test_bytes_of_an_unknown_version_are_refused():
    value = bytearray(encode(Clock(feed="f", ts=1)))
    value[4] ^= 1
    with pytest.raises(
        MessageError, match=r"schema: found fingerprint [0-9a-f]{16}, expected one of a known"
    ):
        decode("ticks", b"f", bytes(value))


def test_the_fingerprint_is_avros():
    """CRC-64-AVRO of "int", from the Avro project's own tests."""
    assert header_of("int").hex() == "c301" + "8f5c393f1ad57572"


def test_what_avros_java_library_wrote_is_read():
    value = bytes.fromhex(
        "c3012296d9a371b1e7d2026a086a617661084141504c0080a8d8db9fdc97060000028096daf4b6010000000000000000"
    )
    assert decode("signals", None, value) == Signal(
        signal_id="j",
        source="java",
        symbol="AAPL",
        side="long",
        ts=1_741_012_200_000_000,
        take_profit=24_550_000_000,
    )
