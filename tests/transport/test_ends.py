"""An end that nobody asked for ends the process, whatever cannot be closed any more."""

import asyncio
import subprocess
import sys
from types import SimpleNamespace
from typing import Any

import pytest

from streams.transport.contract.crash import EXIT_CODE, UnaskedEndError, unless_unasked
from streams.transport.process import fleet
from streams.transport.process.fleet import Fleet
from tests.transport.copies import Worker
from tests.transport.toy_world import ToyTopics


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ("fails", "shard 0: OSError: a broken disk"),
        (
            "given up",
            "shard 0: UnaskedEndError: its client gave up what it waited for, as after a loss of Kafka",
        ),
        ("hangs", "shard 0, where OSError: a broken disk, did not stop within 0.3 s"),
        ("taken over", "shard 0, where TakenOverError: shard 0 was taken over, did not stop within 0.3 s"),
    ],
)
def test_a_shard_that_ends_and_cannot_close_ends_its_process(cluster, tmp_path, how, said):
    """A shard stood `stopped` for ever behind a full disk: its broken producer never closed."""
    toys = ToyTopics.make(cluster)
    with Worker("tests.transport.failing_worker", tmp_path, cluster.bootstrap, toys.app, how) as worker:
        assert worker.wait(60) == EXIT_CODE
        assert worker.words.splitlines()[-1] == f"ghostfill stopped: {said}"


async def given_up():
    future = asyncio.get_running_loop().create_future()
    future.cancel()
    await unless_unasked(future)


async def cancelled_by_us():
    task = asyncio.create_task(unless_unasked(asyncio.Event().wait()))
    await asyncio.sleep(0)
    task.cancel()
    await task


@pytest.mark.parametrize(
    ("scene", "raised"), [(given_up, UnaskedEndError), (cancelled_by_us, asyncio.CancelledError)]
)
def test_a_cancellation_is_an_error_unless_it_was_ours(scene, raised):
    with pytest.raises(raised):
        asyncio.run(scene())


def test_a_stop_that_was_given_up_ends_no_process_later(monkeypatch):
    """The process lives on, without that shard."""
    ends = []

    def must_end_within(seconds, what):
        ends.append(asyncio.get_running_loop().call_later(seconds, print))
        return ends[-1]

    async def scene():
        setup: Any = None
        owner: Any = SimpleNamespace(stop=given_up)
        shards = Fleet(setup)
        shards.owners[0] = owner
        with pytest.raises(UnaskedEndError):
            await shards._stop(0)
        assert ends[0].cancelled()

    monkeypatch.setattr(fleet, "must_end_within", must_end_within)
    asyncio.run(scene())


def test_who_cannot_say_why_it_ends_ends_too():
    """Its log lies on a full disk."""
    code = "from streams.transport.contract.crash import die; die('no more')"
    with open("/dev/full", "wb") as full:
        assert subprocess.run([sys.executable, "-c", code], stderr=full, check=False).returncode == EXIT_CODE
