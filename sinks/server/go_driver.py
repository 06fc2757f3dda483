"""What Go's driver for ClickHouse, and so Grafana's plugin, asks as it connects.

Rules of this file: the driver reads this one answer in the form of the protocol's version that it names in
the address, and every later one in the form of the revision that it is told here. The engine writes blocks of
revision 0, so that is what it is told.
"""

from aiohttp import web

HELLO = "SELECT displayName(), version(), revision(), timezone()"
ABOUT = "SELECT version(), timezone()"
"""What of it the engine knows."""
NAME, REVISION = "ghostfill", 0
BLOCK_INFO = bytes.fromhex("01 00 02 ffffffff 00")
"""Neither an overflow nor one of many buckets."""
WITH_SERIALIZATION = 54_454
"""From this version on a byte tells of each column whether it is written in a way of its own."""


def is_hello(request: web.Request, query: str) -> bool:
    return "client_protocol_version" in request.query and query.strip() == HELLO


def hello(request: web.Request, version: str, timezone: str) -> bytes:
    """The answer: a block of one row."""
    text = request.query["client_protocol_version"]
    mark = b"\0" if text.isdecimal() and int(text) >= WITH_SERIALIZATION else b""
    columns = (
        ("displayName()", "String", _text(NAME)),
        ("version()", "String", _text(version)),
        ("revision()", "UInt32", REVISION.to_bytes(4, "little")),
        ("timezone()", "String", _text(timezone)),
    )
    block = b"".join(_text(name) + _text(kind) + mark + value for name, kind, value in columns)
    return BLOCK_INFO + bytes([len(columns), 1]) + block


def _text(text: str) -> bytes:
    """Its length in one byte, and itself."""
    octets = text.encode()
    assert len(octets) < 0x80
    return bytes([len(octets)]) + octets
