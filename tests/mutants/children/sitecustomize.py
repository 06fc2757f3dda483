"""Python runs this first of all: what a test has started imports the change that the test lives with."""

import os
import sys
from pathlib import Path

if told := os.environ.get("GHOSTFILL_MUTANT"):
    sys.path.insert(0, str(Path(__file__).parents[3]))
    from tests.mutants.patch import inherit

    del sys.path[0]
    inherit(Path(told))
