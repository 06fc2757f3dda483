"""How a worker ends when something is wrong: at once and loudly. Whoever started it starts it again.

Rules of this file: nothing is tidied up. What Kafka has acknowledged is true, everything else is done again.
"""

import os
import sys
from typing import NoReturn

from aiokafka.errors import KafkaConnectionError

EXIT_CODE = 70
"""EX_SOFTWARE."""


def in_words(error: BaseException) -> str:
    if isinstance(error, KafkaConnectionError):
        return f"no Kafka answers ({error}): look at KAFKA_BOOTSTRAP, and whether it runs"
    return f"{type(error).__name__}: {error}"


def die(sentence: str) -> NoReturn:
    """End the process now; the sentence says to a person what went wrong."""
    if sys.__stderr__ is not None:
        sys.__stderr__.write(f"ghostfill stopped: {sentence}\n")
        sys.__stderr__.flush()
    os._exit(EXIT_CODE)
