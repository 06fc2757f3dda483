"""Which column is which, by the names that files usually give them, in any case."""

import re
from collections.abc import Iterable, Mapping

from streams.files.tables.tables import FileBlock
from streams.files.values.faults import FileError

Names = Mapping[str, tuple[str, ...]]
"""What a column may be called, by our name for it; the first that a file has is taken."""

INDEX = "index_time"
"""What the index of a data frame is called that is the time."""
TIME = (
    *"ts timestamp datetime time date date_time t open_time opentime time_open start unix epoch".split(),
    INDEX,
)
MARK = r"^(utc|gmt|unix|epoch)_|_(utc|gmt|unix|epoch|s|ms|us|ns)$"
"""What a name of a time has before or behind it: its zone or unit."""
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
    "close": ("close", "c", "last", "close_last"),
    "volume": VOLUME,
    "interval": ("interval",),
}
SIGNALS: Names = {
    "signal_id": ("signal_id", "id"),
    "source": ("source", "strategy"),
    "symbol": SYMBOL,
    "side": ("side", "direction", "action", "signal"),
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


TIMES = ("ts", "expires_at")
"""What of these is a time."""

ARRAYS: tuple[tuple[Names, tuple[str, ...]], ...] = (
    (BARS, ("ts", "open", "high", "low", "close", "volume")),
    (TICKS, ("ts", "id", "type", "side", "price", "amount", "cost")),
)
"""What a row of JSON without names is: a candle or a trade as exchanges and their libraries give it."""


def plain(name: str) -> str:
    """`Close/Last`, `<CLOSE_LAST>` and ` close last ` are one name."""
    return re.sub(r"[^0-9a-z]+", "_", name.lower()).strip("_")


def resolve(names: Names, found: Iterable[str]) -> dict[str, str]:
    """Our name → the file's."""
    by_plain = {plain(name): name for name in reversed(list(found))}
    resolved = {}
    for ours, usual in names.items():
        known = _times(by_plain) if usual is TIME else by_plain
        for name in usual:
            if name in known:
                resolved[ours] = known[name]
                break
    return resolved


def _times(by_plain: Mapping[str, str]) -> Mapping[str, str]:
    """With what may stand for a time; of two the one that says that it is UTC."""
    bare = {re.sub(MARK, "", name): theirs for name, theirs in by_plain.items() if re.search(MARK, name)}
    utc = {re.sub(MARK, "", name): theirs for name, theirs in by_plain.items() if re.search("utc|gmt", name)}
    return {**bare, **by_plain, **utc}


def require(block: FileBlock, names: Names, needed: Iterable[str]) -> dict[str, str]:
    """Like `resolve`, and refuses a file without one of the needed columns."""
    resolved = resolve(names, block.columns)
    for ours in needed:
        if ours not in resolved:
            found = ", ".join(block.columns) or "none"
            raise FileError(
                f"{block.file}: no column {ours}; found {found}; expected one of {', '.join(names[ours])}"
            )
    return resolved
