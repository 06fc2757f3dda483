"""Which accounts somebody means."""

from collections.abc import Iterable


def is_found(text: str, name: str, follow: Iterable[str]) -> bool:
    """In its name, or in a source that it follows, in any letters."""
    sought = text.casefold()
    return sought in name.casefold() or any(sought in source.casefold() for source in follow)
