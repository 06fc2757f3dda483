"""Why ClickHouse has no answer, as a person is told."""

import re

from sinks.database.database import DatabaseError, first_line

MISSING = ("Code: 60.", "Code: 81.")
"""No such table, no such database."""
_ERROR = re.compile(r"Code: \d+\. .*?(?=\. In scope |\. \([A-Z_]+\)|$)")


def refused(name: str, error: Exception) -> DatabaseError:
    """`name` is what errors call the statement."""
    said = _said(error)
    if any(code in said for code in MISSING):
        said += "; what Ghostfill writes is there once `ghostfill up` has run"
    return DatabaseError(f"{name}: {said}")


def _said(error: Exception) -> str:
    """Without what surrounds it: whom the client asked, and the whole statement again."""
    said = first_line(error)
    found = _ERROR.search(said)
    return found[0] if found else said
