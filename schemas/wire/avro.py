"""Avro records: bytes to values and back.

Rules of this file: any bytes give a record or a MessageError, whatever the Avro library makes of them.
"""

import io
import re
from collections.abc import Mapping
from typing import Any, TypeVar

import fastavro
import msgspec

from schemas.errors import NOTHING, MessageError, shorten
from schemas.wire.avro_schemas import Schema

Kind = TypeVar("Kind", bound=msgspec.Struct)
_PATH = re.compile(r"(.*?)(?: - at `\$\.?(.*)`)?", re.DOTALL)


def read_record(value: bytes, start: int, writer: Any, reader: Any) -> dict[str, Any]:
    """The record that begins at `start` and ends where the value ends."""
    source = io.BytesIO(value)
    source.seek(start)
    try:
        record = fastavro.schemaless_reader(source, writer, None if reader is writer else reader)
    except Exception as error:  # foreign bytes can make fastavro raise nearly anything
        raise MessageError("value", f"{shorten(value)}: {_said(error)}", "a whole Avro record") from error
    rest = len(value) - source.tell()
    if rest:
        raise MessageError("value", f"{rest} bytes after the record", NOTHING)
    if not isinstance(record, dict):
        raise MessageError("value", shorten(record), "an Avro record")
    return record


def _said(error: Exception) -> str:
    text = str(error).splitlines()
    return shorten(text[0]) if text and text[0] else type(error).__name__


def write_record(schema: Schema, record: Mapping[str, Any]) -> bytes:
    target = io.BytesIO()
    target.write(schema.header)
    try:
        fastavro.schemaless_writer(target, schema.parsed, record)
    except (ValueError, TypeError, OverflowError, AttributeError) as error:
        raise MessageError(schema.kind, _said(error), f"what {schema.file} can hold") from error
    return target.getvalue()


def build(kind: type[Kind], record: Mapping[str, Any]) -> Kind:
    """The message of a record whose values already have the units of the message."""
    try:
        return msgspec.convert(record, kind)
    except msgspec.ValidationError as error:
        match = _PATH.fullmatch(str(error))
        said, field = (match[1], match[2]) if match else (str(error), None)
        raise MessageError(field or "value", said, f"a {kind.__name__}") from error
