"""What the gate and the desk are called, and the desk's tables and topics. For who only reads, too."""

from streams.transport.contract.names import Names

GATE, DESK = "ghostfill-gate", "ghostfill-desk"

ACCOUNTS, MARKET, SEEN = "accounts", "market", "seen"
TABLES = (ACCOUNTS, MARKET, SEEN)

TOPICS = Names(
    inbox="inbox",
    barriers="barriers",
    changelogs={table: f"{DESK}-{table}-changelog" for table in TABLES},
    compacted=frozenset({"positions", "slice-timers"}),
    snapshots="snapshots",
    outputs=frozenset({"orders", "fills", "trades", "equity", "decisions", "alerts"}),
)


def awaited_key(market: str, symbol: str) -> str:
    """Of what entries wait for in a market: the next record of a symbol, or without one of any."""
    return f"{market}/{symbol}"
