"""When a recorded record is due, by a clock that the test holds."""

import numpy as np
import pytest

from streams.cli.publishing.pacing import Pacer
from streams.engine.model.units import SECOND

EVENING = 1_700_000_000 * SECOND
"""The wall's time when a test begins."""


class FakeClock:
    def __init__(self, now=EVENING):
        self.time = now

    def now(self):
        return self.time

    def sleep(self, microseconds):
        self.time += microseconds


def sent(pacer, *seconds, at_once=True):
    """When each record goes out, in seconds after the evening began."""
    times = np.array([round(second * SECOND) for second in seconds])
    when = []
    for part in [times] if at_once else times[:, None]:
        for run in pacer.runs(part):
            when += [(pacer.clock.now() - EVENING) / SECOND] * (run.stop - run.start)
    return when


@pytest.mark.parametrize("at_once", [True, False])
@pytest.mark.parametrize(
    ("speed", "expected"), [(None, [0, 0, 0, 0]), (1, [0, 1.5, 1.5, 61]), (60, [0, 0.025, 0.025, 61 / 60])]
)
def test_event_time_over_wall_time(speed, expected, at_once):
    assert sent(Pacer(speed, clock=FakeClock()), 100, 101.5, 101.5, 161, at_once=at_once) == pytest.approx(
        expected, abs=0.003
    )


def test_time_never_falls():
    assert sent(Pacer(1, clock=FakeClock()), 100, 103, 101, 104) == [0, 3, 3, 4]
    assert sent(Pacer(1, clock=FakeClock()), 100, 103, 101, 104, at_once=False) == [0, 3, 3, 4]


def test_two_publishers_are_in_step():
    """One begins with a later record and is started later: each record goes out when it would from one."""
    start, at = 100 * SECOND, EVENING + 10 * SECOND
    assert sent(Pacer(10, start, at, FakeClock()), 100, 120, 150) == [10, 12, 15]
    late = FakeClock(EVENING + 11 * SECOND)
    assert sent(Pacer(10, start, at, late), 105, 130, 150) == [11, 13, 15]


def test_what_is_before_the_start_waits_for_the_clock_and_no_longer():
    assert sent(Pacer(1, 100 * SECOND, EVENING + 5 * SECOND, FakeClock()), 40, 90, 101) == [5, 5, 6]
