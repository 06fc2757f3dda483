"""A statement's tree as the engine shows it, before any of it is looked up: whether all in it is harmless.

Rules of this file:
- A line is a node, or says where in its parent the nodes below it stand. Any other is refused.
- Of a name it is known that it has no line breaks: a line is never one that a name only pretends.
"""

import re
from collections.abc import Iterator, Sequence

from sinks.rights.harmless import Functions, NotAllowedError, check_table, check_table_function
from sinks.rights.query_size import check_size

_NODES = frozenset(
    "QUERY UNION LIST FUNCTION IDENTIFIER CONSTANT LAMBDA ARGUMENTS ARGUMENT MATCHER SORT WINDOW INTERPOLATE "
    "JOIN ARRAY_JOIN TABLE_FUNCTION".split()
) | {
    "CROSS JOIN",
    "APPLY COLUMN TRANSFORMER",
    "EXCEPT COLUMN TRANSFORMER",
    "REPLACE COLUMN TRANSFORMER",
}
_PLACES = frozenset(
    "WITH|PROJECTION|JOIN TREE|PREWHERE|WHERE|GROUP BY|HAVING|WINDOW|QUALIFY|ORDER BY|INTERPOLATE|"
    "LIMIT|OFFSET|LIMIT BY LIMIT|LIMIT BY OFFSET|LIMIT BY|QUERIES|ARGUMENTS|PARAMETERS|EXPRESSION|"
    "TABLE EXPRESSION|LEFT TABLE EXPRESSION|RIGHT TABLE EXPRESSION|JOIN EXPRESSION|JOIN EXPRESSIONS|"
    "PARTITION BY|FRAME BEGIN OFFSET|FRAME END OFFSET|FILL FROM|FILL TO|FILL STEP|FILL STALENESS|"
    "INTERPOLATE_EXPRESSION|COLLATOR|REPLACEMENTS".split("|")
)
_NODE = re.compile(r"(?P<depth> *)(?P<kind>[A-Z_ ]+) id: \d+(?:, (?P<about>.*))?")
_PLACE = re.compile(r" *(?P<place>[A-Z_ ]+?)(?: \d+)? *")
_NAMED_EXPRESSION = re.compile(r" *(?:REPLACEMENT NAME .* EXPRESSION|EXPRESSION .*)")
_ALIAS = "alias: "


def check(lines: Sequence[str], functions: Functions) -> None:
    check_size(lines)
    own = frozenset(_lambdas(lines))
    within: list[tuple[int, bool]] = []
    """The functions around a line: how deep each is, and whether it takes the names of functions."""
    for line in lines:
        found = _NODE.fullmatch(line)
        if found is None:
            if line:  # an empty set of grouping is an empty line
                _check_place(line)
            continue
        depth, about = len(found["depth"]), found["about"] or ""
        while within and within[-1][0] >= depth:
            within.pop()
        match found["kind"]:
            case "FUNCTION":
                name = _only("function_name", about)
                if name not in own or functions.is_known(name):
                    _check_function(name, functions)
                within.append((depth, functions.takes_functions(name)))
            case "TABLE_FUNCTION":
                check_table_function(_only("table_function_name", about))
            case "IDENTIFIER":
                name = _only("identifier", about)
                check_table(name)
                if any(takes for _, takes in within) and functions.is_known(name):
                    _check_function(name, functions)  # arrayMap(name, …) calls it
            case kind if kind not in _NODES:
                raise _no_part(line)


def _lambdas(lines: Sequence[str]) -> Iterator[str]:
    """What the statement itself calls functions of its own."""
    for line in lines:
        found = _NODE.fullmatch(line)
        if found is not None and found["kind"] == "LAMBDA" and (found["about"] or "").startswith(_ALIAS):
            yield found["about"].removeprefix(_ALIAS)


def _check_function(name: str, functions: Functions) -> None:
    if not functions.is_harmless(name):
        raise NotAllowedError(f"a read-only user may not call the function {name}")


def _check_place(line: str) -> None:
    found = _PLACE.fullmatch(line)
    if (found is None or found["place"] not in _PLACES) and not _NAMED_EXPRESSION.fullmatch(line):
        raise _no_part(line)


def _only(what: str, about: str) -> str:
    """What is told of a node; where an alias looks as if it were told too, it is refused."""
    found = re.findall(rf"(?:^|, ){what}: ", about)
    if len(found) != 1:
        raise NotAllowedError(f"found an alias with '{what}: ' in it; expected one without")
    return about.partition(found[0])[2].partition(", ")[0]


def _no_part(line: str) -> NotAllowedError:
    return NotAllowedError(f"a read-only user's statement may not have {line.strip()}")
