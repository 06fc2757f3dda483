"""The logs of parts: set aside when they have grown, and read for why somebody ended."""

import os
import sys
from pathlib import Path

import pytest

from streams.local.parts import logs
from streams.local.parts.interrupts import Interrupts
from streams.local.parts.supervisor import Supervisor
from tests.local.test_supervisor import World, steady


@pytest.fixture
def world():
    return World()


SAID_OF_A_FULL_DISK = [
    "ERROR Error while writing to checkpoint file\njava.io.IOException: No space left on device\n\tat x.y\n",
    "Code: 243. DB::Exception: Cannot reserve 1.00 MiB, not enough space. (NOT_ENOUGH_SPACE)\n",
    "OSError: [Errno 122] Disk quota exceeded: '/home/ann/x'\n",
]


@pytest.mark.parametrize("code", [1, -6])
@pytest.mark.parametrize("said", SAID_OF_A_FULL_DISK)
def test_a_full_disk_is_told_by_its_name(world, tmp_path, said, code):
    kafka = world.part("kafka")
    kafka.log = tmp_path / "kafka.log"
    kafka.log.write_text("of an earlier life: No space left on device\n")
    world.supervisor.start([kafka])
    kafka.code = code
    world.pass_time(0.1)
    assert "disk full" not in world.states["kafka"]
    world.pass_time(1)
    with kafka.log.open("a") as file:
        file.write(said)
    kafka.code = code
    world.pass_time(0.1)
    found = next(line for line in said.splitlines() if logs.is_full(line))
    assert world.states["kafka"].split(": ", 1)[1] == f"disk full: {found}; starts again in 0.4 s"


def test_a_full_disk_of_long_ago_is_not_why_it_ended(world, tmp_path):
    """It may have been for a moment, in a log that says little."""
    desk = world.part("desk")
    desk.log = tmp_path / "desk.log"
    desk.log.touch()
    world.supervisor.start([desk])
    desk.log.write_text(SAID_OF_A_FULL_DISK[2])
    for _ in range(60):
        world.pass_time(1)
    desk.code = -9
    world.pass_time(0.1)
    assert world.states["desk"] == "ended by signal 9; starts again in 0.2 s"


@pytest.mark.parametrize("call", ["replace", "truncate", "stat"])
def test_a_log_that_cannot_be_set_aside_ends_nobody(world, tmp_path, monkeypatch, call):
    """The error ended who looks after all the parts."""
    monkeypatch.setattr(logs, "BYTES_MAX", 1000)
    desk = world.part("desk")
    desk.log = tmp_path / "desk.log"
    desk.log.write_text("x" * 1001)
    (tmp_path / "desk.log.1").write_text("older")
    world.supervisor.start([desk])

    def refuse(*given, **more):
        raise PermissionError(f"no {call}")

    monkeypatch.setattr(Path if call == "stat" else os, call, refuse)
    world.pass_time(2)
    assert world.states == {"desk": "starting"}


def test_a_full_disk_that_took_no_log_line_is_told_too(world, tmp_path, monkeypatch):
    kafka, desk = world.part("kafka"), world.part("desk", broken=True)
    kafka.log = tmp_path / "kafka.log"
    kafka.log.touch()
    world.supervisor.start([kafka])
    monkeypatch.setattr(logs, "ROOM_MIN", 1 << 62)
    kafka.code = 1
    world.pass_time(0.1)
    assert f"disk full: nothing is free in {tmp_path}" in world.states["kafka"]
    monkeypatch.setattr(desk, "spawn", lambda: (_ for _ in ()).throw(OSError(28, "No space left on device")))
    world.supervisor.start([desk])
    assert world.states["desk"].startswith("cannot start: disk full: [Errno 28]")


def test_the_log_of_who_ended_says_how_the_others_were(world, tmp_path):
    web, kafka = world.part("web"), world.part("kafka")
    web.log = tmp_path / "web.log"
    web.log.write_text("Fatal Python error: Segmentation fault\n")
    world.supervisor.start([kafka, web])
    kafka.code = -9
    world.pass_time(0.1)
    web.code = -11
    world.pass_time(0.01)
    assert web.log.read_text().endswith(
        " ghostfill: web ended by signal 11; kafka: ended by signal 9; starts again in 0.2 s\n"
    )


def test_a_log_is_set_aside_while_its_part_writes_on(tmp_path, monkeypatch):
    monkeypatch.setattr(logs, "BYTES_MAX", 1000)
    part = steady(tmp_path)
    code = "import time\nwhile True: print('x' * 99, flush=True); time.sleep(0.002)"
    part.command = [sys.executable, "-c", code, str(part.ready_file)]
    part.spawn()
    with Interrupts() as interrupts:
        supervisor = Supervisor(interrupts)
        supervisor.adopt(part)
        set_aside = [part.log.with_name(f"{part.log.name}.{number}") for number in (1, 2, 3)]
        supervisor.run(until=lambda: all(file.exists() for file in set_aside))
        supervisor.stop()
    assert {*part.log.parent.iterdir()} == {part.log, *set_aside}
    assert set(part.log.read_text().replace("\n", "")) <= {"x"}, "no hole in it"
