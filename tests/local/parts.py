"""Tiny parts for the supervisor, and `ghostfill up` with such parts in place of its workers.

python -m tests.local.parts steady worker --part gate --ready-file F   is ready and waits
python -m tests.local.parts up [options of up]                  runs `up` with steady parts
"""

import signal
import sys
import time
from pathlib import Path

STEADY = (sys.executable, "-m", "tests.local.parts", "steady")


def steady() -> None:
    ready = Path(sys.argv[sys.argv.index("--ready-file") + 1])
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(0))
    ready.touch()
    while True:
        time.sleep(1)


def instance() -> None:
    from streams.cli.commands.run import up
    from streams.cli.instance import parts
    from streams.local.clickhouse import clickhouse

    parts.GHOSTFILL = STEADY
    clickhouse.SERVER = STEADY
    up.up.main(sys.argv[2:])


if __name__ == "__main__":
    {"steady": steady, "up": instance}[sys.argv[1]]()
