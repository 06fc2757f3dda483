"""What a report shows, in words.

Rules of this file: what did not happen is not told; every number is one of the page's.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from sinks.report import texts

Row = Mapping[str, Any]


def sentence(
    account: str, performance: Row, worst: Row | None, slices: Sequence[Row], held: Sequence[Row]
) -> str:
    """One sentence, its parts in the order of weight."""
    parts = [_made(account, performance)]
    if performance["trades"]:
        parts.append(_trades(performance))
    if worst is not None and worst["pnl"] < 0:
        parts.append(f"the worst lost {texts.money(-worst['pnl'])} in {worst['symbol']}")
    parts += _dearest(slices)
    if held:
        parts.append(_held(held))
    first, *rest = parts
    return f"{first}{': ' if rest else ''}{'; '.join(rest)}."


def _made(account: str, performance: Row) -> str:
    gained, days = performance["total_return"], performance["days"]
    span = f" in {texts.counted(days, 'day')}" if days else ""
    if not gained:
        return (
            f"{account} neither gained nor lost{span}"
            if performance["trades"]
            else f"{account} has no closed trade yet"
        )
    did = "made +" if gained > 0 else "lost "
    return f"{account} {did}{texts.distance(gained)}{span}"


def _trades(performance: Row) -> str:
    text = (
        f"{texts.counted(performance['trades'], 'trade')}, {performance['wins']:,} won "
        f"({texts.percent(performance['win_rate'])})"
    )
    factor = performance["profit_factor"]
    return text if factor is None else f"{text}, profit factor {texts.ratio(factor)}"


def _dearest(slices: Sequence[Row]) -> list[str]:
    """The slice that was the furthest from the arrival, and only where there is one to compare it with."""
    known = [row for row in slices if row["cost_bps"] is not None]
    if len(known) < 2:
        return []
    dearest = max(known, key=lambda row: row["cost_bps"])
    if dearest["cost_bps"] <= 0:
        return []
    cost = f"{dearest['cost_bps']:.1f} basis points"
    return [f"slice {dearest['number']} cost {cost} against the arrival price"]


def _held(held: Sequence[Row]) -> str:
    unrealised = sum(row["unrealised"] for row in held)
    are = "is" if len(held) == 1 else "are"
    return f"{texts.counted(len(held), 'position')} {are} open at {texts.change(unrealised)}"
