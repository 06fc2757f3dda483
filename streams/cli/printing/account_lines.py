"""An account in the terminal: what it has, holds, and is about to do."""

from collections.abc import Mapping
from typing import Any

from schemas.text.numbers import decimal
from streams.cli.printing.tables import cents, table

HEADS = ("account", "status", "market", "follows", "equity", "cash", "positions", "orders", "plans")


def account_row(document: Mapping[str, Any]) -> list[str]:
    texts = {**document, "follows": _follows(document)}
    texts |= {name: _money(document, name) for name in ("equity", "cash")}
    return [str(texts[name]) for name in HEADS]


def _follows(document: Mapping[str, Any]) -> str:
    return ", ".join(document["follow"]) or "every source"


def _money(document: Mapping[str, Any], name: str, *, sign: bool = False) -> str:
    return cents(decimal(name, document[name]), sign=sign)


def account_lines(document: Mapping[str, Any]) -> list[str]:
    as_of = f" at {document['as_of']}" if document["as_of"] else ""
    figures = {
        "status": document["status"],
        "market": document["market"],
        "follows": _follows(document),
        "cash": _money(document, "cash"),
        "equity": f"{_money(document, 'equity')}{as_of}",
        "unrealised": _money(document, "unrealised", sign=True),
        "realised before fees": _money(document, "realised", sign=True),
        "fees": _money(document, "fees"),
        "blocked by": " and ".join(document["blocked_by"]),
    }
    lines = [document["account"], *(f"  {what:22}{figure}" for what, figure in figures.items() if figure)]
    for what in ("positions", "orders", "plans"):
        rows = document[what]
        lines += ["", what if rows else f"no {what}"]
        if rows:
            texts = [["" if cell is None else str(cell) for cell in row.values()] for row in rows]
            lines += [f"  {line}" for line in table(list(rows[0]), texts, left=3)]
    return lines
