"""Which column is which, by the names that files usually give them, in any case."""

from collections.abc import Iterable, Mapping

from streams.files.faults import FileError
from streams.files.tables import Block

Names = Mapping[str, tuple[str, ...]]
"""What a column may be called, by our name for it; the first that a file has is taken."""

TIME = ("ts", "timestamp", "datetime", "time", "date", "date_time", "t", "open_time")
SYMBOL = ("symbol", "ticker", "instrument", "s", "sym")
VOLUME = ("volume", "vol", "v", "size", "quantity", "qty", "amount")

TICKS: Names = {
    "ts": TIME,
    "symbol": SYMBOL,
    "price": ("price", "last", "px", "p", "last_price"),
    "size": ("size", "quantity", "qty", "volume", "vol", "amount", "v", "q"),
    "bid": ("bid", "bid_price", "best_bid", "b"),
    "ask": ("ask", "ask_price", "best_ask", "offer", "a"),
}
BARS: Names = {
    "ts": TIME,
    "symbol": SYMBOL,
    "open": ("open", "o"),
    "high": ("high", "h"),
    "low": ("low", "l"),
    "close": ("close", "c", "last"),
    "volume": VOLUME,
    "interval": ("interval",),
}
SIGNALS: Names = {
    "signal_id": ("signal_id", "id"),
    "source": ("source", "strategy"),
    "symbol": SYMBOL,
    "side": ("side", "direction", "action"),
    "ts": TIME,
    "confidence": ("confidence",),
    "price": ("price", "entry", "px"),
    "take_profit": ("take_profit", "tp", "target"),
    "stop_loss": ("stop_loss", "sl", "stop"),
    "quantity": ("quantity", "qty", "size", "shares"),
    "expires_at": ("expires_at", "expires", "expiry"),
    "features": ("features",),
    "theories": ("theories",),
    "tags": ("tags",),
    "note": ("note", "comment"),
}
COMMANDS: Names = {
    "command_id": ("command_id", "id"),
    "account": ("account",),
    "kind": ("kind", "command"),
    "ts": TIME,
    "symbol": SYMBOL,
    "side": ("side",),
    "order_type": ("order_type", "type"),
    "quantity": ("quantity", "qty"),
    "limit_price": ("limit_price", "limit"),
    "stop_price": ("stop_price", "stop"),
    "trail": ("trail",),
    "time_in_force": ("time_in_force", "tif"),
    "expires_at": ("expires_at",),
    "take_profit": ("take_profit",),
    "stop_loss": ("stop_loss",),
    "order_id": ("order_id",),
    "plan_id": ("plan_id",),
    "lot_id": ("lot_id",),
    "settings": ("settings",),
    "plans": ("plans",),
    "note": ("note", "comment"),
}


def resolve(names: Names, found: Iterable[str]) -> dict[str, str]:
    """Our name → the file's."""
    by_lower = {name.strip().lower().replace(" ", "_"): name for name in reversed(list(found))}
    resolved = {}
    for ours, usual in names.items():
        for name in usual:
            if name in by_lower:
                resolved[ours] = by_lower[name]
                break
    return resolved


def require(block: Block, names: Names, needed: Iterable[str]) -> dict[str, str]:
    """Like `resolve`, and refuses a file without one of the needed columns."""
    resolved = resolve(names, block.columns)
    for ours in needed:
        if ours not in resolved:
            found = ", ".join(block.columns) or "none"
            raise FileError(
                f"{block.file}: no column {ours}; found {found}; expected one of {', '.join(names[ours])}"
            )
    return resolved
