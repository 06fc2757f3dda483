"""What a message's fields are in ClickHouse.

Rules of this file: a schema's field has one type of column, found from its Avro type, its unit and its name.
The migrations choose how a column is stored; what it is they have from here, and a test holds both together.
"""

from collections.abc import Mapping
from typing import Any

from schemas.wire.avro_schemas import Schema

FEW = frozenset(
    {"account", "symbol", "source", "reason", "purpose", "exit_reason", "kind", "topic", "condition", "day"}
)
"""Strings of which there are few: each is stored once."""
ORDERING = frozenset({"filled"})
"""Money by which a table is ordered stays as it is sent: ClickHouse changes no key."""
A_FEW, FEW_OR_NONE = "LowCardinality(String)", "LowCardinality(Nullable(String))"
TIME = "DateTime64(6, 'UTC')"
MONEY = "Decimal(38, 8)"
"""Wide enough for a price times a quantity, which is the first thing that anybody asks."""
SENT = "Decimal(18, 8)"
"""The same as Kafka has it: nothing wider is made of an Avro long, or of numpy's. It becomes the wide one."""
PLACE: Mapping[str, str] = {
    "k_topic": A_FEW,
    "k_partition": "UInt16",
    "k_offset": "UInt64",
    "k_time": "DateTime64(3, 'UTC')",
}
"""Where in Kafka a row comes from, and when it was written there."""


def columns_of(schema: Schema) -> dict[str, str]:
    """The type of each field's column."""
    return {field["name"]: _type(field["type"], field["name"]) for field in schema.document["fields"]}


def is_money(kind: str) -> bool:
    return MONEY in kind


def sent_as(name: str) -> str:
    """What a money column is called on its way into a table."""
    return f"{name}_sent"


def _type(kind: Any, name: str) -> str:
    if isinstance(kind, list):
        return _nullable(_type(kind[1], name))
    if isinstance(kind, str):
        return _plain(kind, name)
    match kind["type"]:
        case "enum":
            values = ", ".join(f"'{symbol}' = {number}" for number, symbol in enumerate(kind["symbols"], 1))
            return f"Enum8({values})"
        case "map":
            return f"Map(String, {_type(kind['values'], '')})"
        case "array":
            return f"Array({_type(kind['items'], '')})"
        case "long" if kind.get("logicalType") == "timestamp-micros":
            return TIME
        case "long" if kind.get("unit") == "1e-8":
            return SENT if name in ORDERING else MONEY
    return _plain(kind["type"], name)


def _plain(kind: str, name: str) -> str:
    if kind == "string" and name in FEW:
        return A_FEW
    return {"string": "String", "bytes": "String", "long": "Int64", "double": "Float64", "boolean": "Bool"}[
        kind
    ]


def _nullable(kind: str) -> str:
    return FEW_OR_NONE if kind == A_FEW else f"Nullable({kind})"
