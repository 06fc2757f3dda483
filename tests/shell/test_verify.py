"""`ghostfill verify` on several cores."""

import time
from typing import Any

import pytest

from streams.cli.commands.manage.verify import _on_all_cores

takes_so_long: Any = time.sleep


def test_the_first_error_is_told_at_once():
    """It was told when every other shard was done, which may be minutes later."""
    began = time.monotonic()
    with pytest.raises(ValueError, match="must be non-negative"):
        list(_on_all_cores(takes_so_long, [-1, 100]))
    assert time.monotonic() - began < 50
