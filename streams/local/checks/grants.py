"""Whether a user of ClickHouse may do more than Ghostfill needs, from what `SHOW GRANTS` answers.

Rules of this file: what is needed is named; every other right is too much, also one of a newer ClickHouse.
"""

import re
from collections.abc import Iterable, Iterator

READER = ("SELECT",)
WRITER = (
    "SELECT", "INSERT", "CREATE DATABASE", "CREATE TABLE", "DROP TABLE",
    "ALTER ADD COLUMN", "ALTER MODIFY COLUMN", "ALTER ADD CONSTRAINT",
)  # fmt: skip
"""On the database. docs/clickhouse.md has the statements."""
ON_A_CLUSTER = ("SYSTEM SYNC REPLICA",)
"""There a replica is asked to catch up. (`CLUSTER`, by which statements run on all of them, is on *.*.)"""
ENGINES = frozenset({"ReplacingMergeTree", "ReplicatedReplacingMergeTree", "Memory"})
"""Of our tables: a server may be set up to ask for a right on these too."""
_LOOKS = re.compile(r"(?:SHOW(?: \w+)*|SELECT)")
_OF_THE_ENGINE = re.compile(r"(?:system|information_schema|INFORMATION_SCHEMA)\.")
_GRANT = re.compile(r"GRANT (?P<rights>.+?) ON (?P<place>\S+) TO .+?(?P<passed_on> WITH GRANT OPTION)?")
_ROLES = re.compile(r"GRANT (?P<roles>.+?) TO .+")
_COLUMNS = re.compile(r"\([^)]*\)")


def too_much(lines: Iterable[str], database: str) -> list[str]:
    """Each right that is not needed, with what it is on; empty for one of the two users of the docs."""
    return list(dict.fromkeys(right for line in lines for right in _too_much(line, database)))


def _too_much(line: str, database: str) -> Iterator[str]:
    if line.startswith("REVOKE "):
        return
    found = _GRANT.fullmatch(line)
    if found is None:
        roles = _ROLES.fullmatch(line)
        yield f"the role {roles['roles']}, whose rights are not seen" if roles else line
        return
    place = found["place"].replace("`", "")
    if found["passed_on"]:
        yield f"to pass on rights ON {place}"
    for right in _COLUMNS.sub("", found["rights"]).split(", "):
        if not _is_needed(right, place, database):
            yield f"{right} ON {place}"


def _is_needed(right: str, place: str, database: str) -> bool:
    if place.startswith(f"{database}."):
        return right in (*WRITER, *ON_A_CLUSTER) or _LOOKS.fullmatch(right) is not None
    if right == "CLUSTER":
        return True
    if right == "TABLE ENGINE":
        return place in ENGINES
    return _OF_THE_ENGINE.match(place) is not None and _LOOKS.fullmatch(right) is not None
