"""The supervisor: parts that end are started again, ever more slowly; a stop goes backwards and ends with a kill."""

import os
import signal
import sys
from itertools import pairwise
from pathlib import Path

import pytest

from streams.local.parts import supervisor
from streams.local.parts.child import command_line, start_child
from streams.local.parts.command import Command
from streams.local.parts.interrupts import Interrupts
from streams.local.parts.program import Program
from streams.local.parts.supervisor import WELL_S, Supervisor
from streams.transport.kafka.cluster import ClusterError


class FakePart:
    """A part that does what the test says."""

    patience_s = 1.0
    log = Path(os.devnull)
    pid = None

    def __init__(self, name, events, *, deaf=False, broken=False, ends=False):
        self.name = name
        self.ends = ends
        self.events = events
        self.deaf = deaf
        self.broken = broken
        self.code: int | None = 0
        self.ready = False
        self.words = ""

    def spawn(self):
        self.events.append(f"start {self.name}")
        if self.broken:
            raise ClusterError("no jars")
        self.code = None

    def exit_code(self):
        return self.code

    def is_ready(self):
        return self.ready

    def last_words(self):
        return self.words

    def terminate(self):
        self.events.append(f"stop {self.name}")
        if not self.deaf:
            self.code = 0

    def kill(self):
        self.events.append(f"kill {self.name}")
        self.code = -9


class World:
    """A supervisor with a clock that the test moves."""

    def __init__(self):
        self.now = 0.0
        self.events = []
        self.states = {}
        self.interrupts = Interrupts()
        self.supervisor = Supervisor(self.interrupts, self.listen, lambda: self.now, self.sleep)

    def listen(self, states):
        self.states = dict(states)

    def sleep(self, seconds):
        self.now += seconds

    def part(self, name, **options):
        return FakePart(name, self.events, **options)

    def pass_time(self, seconds):
        self.now += seconds
        self.supervisor.look()


@pytest.fixture
def world():
    return World()


def test_a_part_is_ready_when_it_says_so(world):
    desk = world.part("desk")
    world.supervisor.start([desk])
    assert (world.states, world.supervisor.all_ready) == ({"desk": "starting"}, False)
    desk.ready = True
    world.pass_time(0.1)
    assert (world.states, world.supervisor.all_ready) == ({"desk": "ready"}, True)


def test_a_part_that_ends_again_and_again_waits_longer_each_time(world):
    desk = world.part("desk")
    world.supervisor.start([desk])
    starts: list[float] = []
    while len(starts) < 9:
        if desk.code is None:
            starts.append(world.now)
            desk.code = 1
        world.pass_time(0.05)
    pauses = [round(later - earlier, 1) for earlier, later in pairwise(starts)]
    assert pauses == pytest.approx([0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 10, 10], abs=0.15)


def test_who_was_well_for_a_while_starts_again_soon(world):
    desk = world.part("desk")
    world.supervisor.start([desk])
    for _ in range(4):
        desk.code = -9
        world.pass_time(0)
        world.pass_time(10)
    desk.ready = True
    world.pass_time(1)
    world.pass_time(WELL_S)
    assert world.states["desk"] == "ready, start 5"
    desk.code = -11
    world.pass_time(1)
    assert world.states["desk"] == "ended by signal 11; starts again in 0.2 s"


def test_a_part_that_fails_says_why(world):
    web = world.part("web")
    world.supervisor.start([web])
    web.code, web.words = 2, "tokens are needed"
    world.pass_time(0.1)
    assert world.states["web"] == "ended with code 2: tokens are needed; starts again in 0.2 s"


def test_a_part_that_cannot_start_is_tried_again(world):
    kafka = world.part("kafka", broken=True)
    world.supervisor.start([kafka])
    assert world.states["kafka"] == "cannot start: no jars; starts again in 0.2 s"
    kafka.broken = False
    world.pass_time(0.3)
    assert world.states["kafka"] == "starting"


def test_a_part_with_a_work_to_do_is_done_when_it_ends_well(world):
    feed, desk = world.part("feed", ends=True), world.part("desk")
    world.supervisor.start([feed, desk])
    desk.ready = True
    feed.code = 1
    world.pass_time(0.1)
    assert world.states["feed"] == "ended with code 1; starts again in 0.2 s"
    world.pass_time(0.3)
    assert not world.supervisor.all_done
    feed.code = 0
    world.pass_time(0.1)
    assert (world.supervisor.all_done, world.supervisor.all_ready) == (True, True)
    world.pass_time(60)
    assert world.events == ["start feed", "start desk", "start feed"]
    world.supervisor.stop()
    assert world.states == {"feed": "done", "desk": "stopped"}


def test_a_stop_goes_backwards(world):
    world.supervisor.start([world.part("gate"), world.part("desk")])
    world.events.clear()
    world.supervisor.stop()
    assert world.events == ["stop desk", "stop gate"]
    assert world.states == {"gate": "stopped", "desk": "stopped"}


def test_who_does_not_listen_is_killed_after_its_patience(world):
    world.supervisor.start([world.part("desk", deaf=True)])
    world.supervisor.stop()
    assert world.events == ["start desk", "stop desk", "kill desk"]
    assert 1 < world.now < 1.2


def test_a_second_interrupt_kills_at_once(world):
    world.interrupts.count = 1
    world.supervisor.sleep = lambda seconds: setattr(world.interrupts, "count", 2)
    world.supervisor.start([world.part("gate"), world.part("desk", deaf=True)])
    world.supervisor.stop()
    assert world.events[-3:] == ["stop desk", "kill desk", "stop gate"]
    assert world.now == 0


def test_it_runs_until_somebody_interrupts(world):
    world.interrupts.count = 1
    world.supervisor.run()
    world.interrupts.count = 0
    world.supervisor.run(until=lambda: world.now > 3)
    assert world.now > 3


def test_interrupts_are_counted_and_given_back():
    before = signal.getsignal(signal.SIGTERM)
    with Interrupts() as interrupts:
        os.kill(os.getpid(), signal.SIGTERM)
        os.kill(os.getpid(), signal.SIGINT)
    assert interrupts.count == 2
    assert signal.getsignal(signal.SIGTERM) is before


def steady(folder, name="desk"):
    ready = folder / "run" / f"{name}.ready"
    return Command(
        name,
        [sys.executable, "-m", "tests.local.parts", "steady", "--ready-file", str(ready)],
        folder / "logs" / f"{name}.log",
        ready,
    )


def await_ready(part):
    with Interrupts() as interrupts:
        supervisor = Supervisor(interrupts)
        supervisor.adopt(part)
        supervisor.run(until=part.is_ready)


def test_a_command_is_started_and_stopped(tmp_path):
    part = steady(tmp_path)
    part.ready_file.parent.mkdir()
    part.ready_file.touch()
    with Interrupts() as interrupts:
        supervisor = Supervisor(interrupts)
        supervisor.start([part])
        assert not supervisor.all_ready, "an old ready file does not count"
        supervisor.run(until=lambda: supervisor.all_ready)
        supervisor.stop()
    assert part.exit_code() == 0


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("import sys; sys.exit(3)", ""),
        ("print('Error: no topic'); 1 / 0", "ZeroDivisionError: division by zero"),
    ],
)
def test_a_program_of_a_person_s_own(tmp_path, code, words):
    program = Program("mine", ["python", "-c", code], tmp_path / "mine.log", tmp_path / "run", {"PATH": ""})
    (tmp_path / "mine.log").write_text("what another said before\n")
    program.spawn()
    assert program.child is not None and program.child.wait(10) > 0
    assert program.last_words() == words


def test_a_program_is_stopped_with_what_it_has_started(tmp_path):
    script = "sleep 100 & echo $! > child; sleep 100"
    program = Program("mine", ["sh", "-c", script], tmp_path / "log", tmp_path, os.environ, tmp_path)
    program.spawn()
    with Interrupts() as interrupts:
        supervisor = Supervisor(interrupts)
        supervisor.adopt(program)
        supervisor.run(until=lambda: program.is_ready() and (tmp_path / "child").exists())
        child = int((tmp_path / "child").read_text())
        assert "sleep" in command_line(child)
        supervisor.stop()
        supervisor.interrupts.count = 0
        supervisor.run(until=lambda: not command_line(child))
    assert program.exit_code() == -signal.SIGTERM


def test_what_a_command_of_ours_says_last(tmp_path):
    part = steady(tmp_path)
    part.log.parent.mkdir()
    for said, words in (("", ""), ("starting\n", ""), ("Usage\n\nError: no token\n", "no token")):
        part.log.write_text(said)
        assert part.last_words() == words


def test_an_orphan_is_ended_by_the_next_start(tmp_path):
    orphan, part = steady(tmp_path), steady(tmp_path)
    orphan.spawn()
    await_ready(orphan)
    part.spawn()
    assert orphan.child.wait(5) == 0
    part.kill()
    part.child.wait()


def test_who_was_halted_is_told_and_goes_on(tmp_path):
    part = steady(tmp_path)
    part.spawn()
    states = []
    with Interrupts() as interrupts:
        supervisor = Supervisor(interrupts, lambda told: states.append(dict(told)["desk"]))
        supervisor.adopt(part)
        supervisor.run(until=part.is_ready)
        os.kill(part.pid, signal.SIGSTOP)
        supervisor.run(until=lambda: "paused" in states[-1])
        os.kill(part.pid, signal.SIGCONT)
        supervisor.run(until=lambda: "paused" not in states[-1])
        supervisor.stop()
    halted = f"paused by a signal (SIGSTOP); `kill -CONT {part.pid}` resumes it"
    assert states == ["ready", halted, "ready", "stopping", "stopped"]


@pytest.mark.parametrize(("code", "state"), [(-9, "ended by signal 9; starts again in 0.2 s"), (0, "done")])
def test_who_was_halted_and_then_ended_is_not_ready(world, monkeypatch, code, state):
    """The same look that saw the end gave it the state back that it was halted in."""
    desk = world.part("desk", ends=True)
    desk.pid = 7
    world.supervisor.start([desk])
    desk.ready = True
    world.pass_time(0.1)
    monkeypatch.setattr(supervisor, "is_halted", lambda pid: desk.code is None)
    world.pass_time(2)
    assert "paused" in world.states["desk"]
    desk.code = code
    world.pass_time(1)
    assert world.states["desk"] == state


def test_a_crash_in_a_library_leaves_where_each_thread_was(tmp_path):
    crash = "import threading, ctypes, time\ndef waits_for_kafka(): time.sleep(9)\n"
    crash += "threading.Thread(target=waits_for_kafka, daemon=True).start(); ctypes.string_at(0)"
    with (tmp_path / "log").open("wb") as log:
        assert start_child([sys.executable, "-c", crash], log, {"PATH": ""}).wait(20) == -signal.SIGSEGV
    assert "waits_for_kafka" in (tmp_path / "log").read_text()
