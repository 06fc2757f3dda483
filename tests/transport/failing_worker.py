"""A shard that fails while it is live, and that cannot close what it opened.

python -m tests.transport.failing_worker BOOTSTRAP APP HOW
"""

import asyncio
import sys

from streams.transport.kafka.cluster import Cluster
from streams.transport.process.fleet import Fleet
from streams.transport.shard import owner
from streams.transport.shard.barriers import TakenOverError
from streams.transport.shard.owner import Owner
from streams.transport.shard.reports import Stage
from tests.transport.toy_world import ToyTopics, a_process

FAILURES = {
    "fails": OSError("a broken disk"),
    "given up": asyncio.CancelledError(),
    "hangs": OSError("a broken disk"),
    "taken over": TakenOverError("shard 0 was taken over"),
}


async def for_ever(*_: object) -> None:
    await asyncio.Event().wait()


async def for_ever_and_ever(*_: object) -> None:
    """As what waits for a broken client: it cannot be cancelled."""
    while True:
        try:
            await for_ever()
        except asyncio.CancelledError:
            continue


async def main(bootstrap: str, app: str, how: str) -> None:
    async def live(shard: Owner, taken: object) -> None:
        shard.stage = Stage.LIVE
        await asyncio.sleep(0.1)
        raise FAILURES[how]

    Owner._live = live  # type: ignore[method-assign,assignment]
    Owner._close = for_ever  # type: ignore[method-assign,assignment]
    if how == "hangs":
        Owner._follow_barriers = for_ever_and_ever  # type: ignore[method-assign,assignment]
    owner.CLOSE_SECONDS = 0.3
    async with a_process(Cluster(bootstrap), ToyTopics(app)) as setup:
        fleet = Fleet(setup)
        await fleet.assign([0])
        if how == "taken over":  # by the group's word: the process goes on
            fleet.owners[0].hold()
        await for_ever()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
