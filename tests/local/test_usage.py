"""What is told of processes and disks is so; a pid file that an ended process left behind tells of nobody."""

import os
import shutil
import subprocess
import sys
import time

import pytest

from streams.local.machine.home import Home
from streams.local.machine.usage import disks, processes
from tests.processes import cpu_s, memory_of


@pytest.fixture
def home(tmp_path):
    found = Home(tmp_path / "home")
    for folder in (found.run, found.kafka):
        folder.mkdir(parents=True)
    return found


@pytest.fixture
def child():
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as found:
        yield found
        found.kill()


def test_each_part_and_this_process_are_told(home, child):
    (home.run / "desk.pid").write_text(str(child.pid))
    found = {each.part: each for each in processes(home, "web")}
    assert {part: each.pid for part, each in found.items()} == {"desk": child.pid, "web": os.getpid()}
    own = found["web"]
    assert own.memory == pytest.approx(memory_of(os.getpid()), rel=0.2)
    assert own.cpu == pytest.approx(cpu_s(os.getpid()), abs=0.5)
    assert own.started < found["desk"].started <= time.time() + 2


def test_a_process_that_has_a_pid_file_is_told_once(home):
    (home.run / "web.pid").write_text(str(os.getpid()))
    assert [each.part for each in processes(home, "web")] == ["web"]


def test_a_number_that_is_anothers_by_now_tells_of_nobody(home, child):
    file = home.kafka / "kafka.pid"
    file.write_text(str(child.pid))
    assert "kafka" in {each.part for each in processes(home, "web")}
    an_hour_ago = time.time() - 3600
    os.utime(file, (an_hour_ago, an_hour_ago))
    assert "kafka" not in {each.part for each in processes(home, "web")}


@pytest.mark.parametrize("text", ["", "not a number", "4194305"])
def test_what_is_no_process_tells_of_nobody(home, text):
    (home.run / "gate.pid").write_text(text)
    assert [each.part for each in processes(home, "web")] == ["web"]


def test_disks_of_the_folders_that_there_are(home):
    found = {each.folder: each for each in disks(home)}
    assert found.keys() == {"home", "kafka"}
    usage = shutil.disk_usage(home.folder)
    assert found["home"].size == usage.total
    assert found["home"].free == pytest.approx(usage.free, rel=0.1)
