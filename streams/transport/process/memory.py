"""The memory of a process that takes great arrays and gives them back, run after run.

Rules of this file: it makes a process faster, and nothing needs it.
"""

import ctypes
import sys

TRIM_THRESHOLD, MMAP_THRESHOLD = -1, -3
KEPT = 64 << 20
LARGEST = 32 << 20
"""The most that glibc takes for it."""


def keep_freed_memory() -> None:
    """Let glibc keep what is freed: new pages from the system for each run take as long as the work."""
    if not sys.platform.startswith("linux"):
        return
    try:
        set_option = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError):  # another C library
        return
    set_option(MMAP_THRESHOLD, LARGEST)
    set_option(TRIM_THRESHOLD, KEPT)
