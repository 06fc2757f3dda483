"""Where this user's data and downloads belong on this platform."""

import os
import sys
from collections.abc import Mapping
from pathlib import Path

NAME = "ghostfill"


def data_folder(environment: Mapping[str, str] = os.environ) -> Path:
    """What must not be lost."""
    return _folder(environment, "XDG_DATA_HOME", ".local/share", "Library/Application Support")


def cache_folder(environment: Mapping[str, str] = os.environ) -> Path:
    """What can be downloaded again."""
    return _folder(environment, "XDG_CACHE_HOME", ".cache", "Library/Caches")


def _folder(environment: Mapping[str, str], variable: str, usual: str, on_mac: str) -> Path:
    named = environment.get(variable, "")
    if os.path.isabs(named):  # the XDG rules ignore a relative one
        return Path(named) / NAME
    return Path.home() / (on_mac if sys.platform == "darwin" else usual) / NAME
