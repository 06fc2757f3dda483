"""The topics of a fold, and the keys in its tables' changelogs that are no row's. For who only reads, too."""

from collections.abc import Mapping
from dataclasses import dataclass

HEADER = b"\x00header"
SENTINEL = b"\x00sentinel"


@dataclass(frozen=True, slots=True)
class Names:
    """The topics of a fold."""

    inbox: str
    barriers: str
    changelogs: Mapping[str, str]
    """Of each table of the machine; the first also holds the headers."""
    compacted: frozenset[str]
    """Public topics that are written within checkpoints."""
    snapshots: str
    """Whole copies of the tables, for `verify`."""
    outputs: frozenset[str] = frozenset()
    """The other public topics that a machine writes."""
