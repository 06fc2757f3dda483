"""How many SELECTs a statement is to the engine, which plans each by itself: nothing ends it while it does.

Rules of this file: a named part of WITH counts as often as it is asked for, also by other parts.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from sinks.rights.harmless import NotAllowedError

MOST_SELECTS = 500
_NODE = re.compile(r"(?P<depth> *)(?P<kind>QUERY|UNION|IDENTIFIER) id: \d+(?:, (?P<about>.*))?")
_NAME = re.compile(r"(?:^|, )(?:cte_name|identifier): (.*?)(?=, |$)")


@dataclass
class PartOfQuery:
    """What a name in WITH stands for, or the statement itself."""

    depth: int
    selects: int = 0
    asks_for: list[str] = field(default_factory=list)


def check_size(lines: Sequence[str]) -> None:
    """`lines`: the statement's tree."""
    whole, named = _parts(lines)
    written = whole.selects + sum(each.selects for parts in named.values() for each in parts)
    if written > MOST_SELECTS or _size(whole, named, {}) > MOST_SELECTS:
        raise NotAllowedError(
            f"the statement has more than {MOST_SELECTS} SELECTs, a part of WITH counted as often as it is "
            "asked for; expected fewer"
        )


def _parts(lines: Iterable[str]) -> tuple[PartOfQuery, dict[str, list[PartOfQuery]]]:
    """The statement, and the parts by their names; the same name may stand in several places."""
    around = [PartOfQuery(-1)]
    named: dict[str, list[PartOfQuery]] = {}
    for line in filter(None, lines):
        while around[-1].depth >= len(line) - len(line.lstrip(" ")):
            around.pop()
        found = _NODE.fullmatch(line)
        if found is None:
            continue
        names = _NAME.findall(found["about"] or "")
        if found["kind"] == "IDENTIFIER":
            around[-1].asks_for += names
            continue
        if names:
            around.append(PartOfQuery(len(found["depth"])))
            for name in names:
                named.setdefault(name, []).append(around[-1])
        around[-1].selects += found["kind"] == "QUERY"
    return around[0], named


def _size(part: PartOfQuery, named: dict[str, list[PartOfQuery]], known: dict[str, int]) -> int:
    size = part.selects
    for name in part.asks_for:
        if name in named and name not in known:
            known[name] = 0  # a part that asks for itself
            known[name] = max(_size(each, named, known) for each in named[name])
        size += known.get(name, 0)
    return size
