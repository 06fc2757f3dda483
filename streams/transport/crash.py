"""How a worker ends when something is wrong: at once and loudly. Whoever started it starts it again.

Rules of this file: nothing is tidied up. What Kafka has acknowledged is true, everything else is done again.
"""

import os
import sys
from typing import NoReturn

EXIT_CODE = 70
"""EX_SOFTWARE."""


def die(sentence: str) -> NoReturn:
    """End the process now; the sentence says to a person what went wrong."""
    if sys.__stderr__ is not None:
        sys.__stderr__.write(f"ghostfill stopped: {sentence}\n")
        sys.__stderr__.flush()
    os._exit(EXIT_CODE)
