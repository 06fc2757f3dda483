"""An account in the terminal: what it has, holds, and is about to do."""

from schemas.text.numbers import time_text
from streams.cli.printing.tables import cents, table
from streams.clients.account_document import document
from streams.clients.desk_table import Held

HEADS = ("account", "status", "market", "follows", "equity", "cash", "positions", "orders", "plans")


def account_row(held: Held) -> list[str]:
    state = held.state
    return [
        held.name,
        state.status,
        held.settings.market,
        _follows(held),
        cents(held.equity.equity) if held.equity else cents(state.cash),
        cents(state.cash),
        str(len(state.lots)),
        str(len(state.orders)),
        str(len(state.plans)),
    ]


def _follows(held: Held) -> str:
    return ", ".join(held.settings.follow) or "every source"


def account_lines(held: Held) -> list[str]:
    shown = document(held)
    figures = {
        "status": held.state.status,
        "market": held.settings.market,
        "follows": _follows(held),
        "cash": cents(held.state.cash),
        "equity": f"{cents(held.equity.equity)} at {time_text(held.equity.ts)}" if held.equity else "",
        "unrealised": cents(held.equity.unrealised, sign=True) if held.equity else "",
        "realised before fees": cents(held.state.realised, sign=True),
        "fees": cents(held.state.fees),
        "blocked by": " and ".join(shown["blocked_by"]),
    }
    lines = [held.name, *(f"  {what:22}{figure}" for what, figure in figures.items() if figure)]
    for what in ("positions", "orders", "plans"):
        rows = shown[what]
        lines += ["", what if rows else f"no {what}"]
        if rows:
            texts = [["" if cell is None else str(cell) for cell in row.values()] for row in rows]
            lines += [f"  {line}" for line in table(list(rows[0]), texts, left=3)]
    return lines
