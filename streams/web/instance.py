"""Everything that the page and the API need of an instance, started and stopped together."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from schemas.codec import Codec
from schemas.wire.registry import Registry
from sinks.database.database import Database
from streams.transport.kafka.cluster import Cluster
from streams.web.lists.all_accounts import AllAccounts
from streams.web.state.commanding import Commander
from streams.web.state.events import Events
from streams.web.state.health import Health
from streams.web.state.kept_answers import Results
from streams.web.state.live_state import LiveState
from streams.web.state.topic_followers import EventFollower, PriceFollower


@dataclass(frozen=True, slots=True)
class Instance:
    """What runs, and the ways to it."""

    cluster: Cluster
    live: LiveState
    everybody: AllAccounts
    results: Results
    health: Health
    commander: Commander
    events: Events


@asynccontextmanager
async def watched(cluster: Cluster, database: Database, registry_url: str | None) -> AsyncIterator[Instance]:
    """An instance, followed from here on and not longer."""
    loop = asyncio.get_running_loop()
    live, results = LiveState(), Results(database)
    health, commander = Health(cluster, live, results), Commander(cluster, live)
    codec = Codec(registry=Registry(registry_url))
    everybody, events = AllAccounts(live), Events(cluster, live, codec)
    followers = [EventFollower(cluster, live, loop, codec), PriceFollower(cluster, live, loop)]
    for follower in followers:
        follower.start()
    looking = asyncio.create_task(health.run())
    try:
        yield Instance(cluster, live, everybody, results, health, commander, events)
    finally:
        looking.cancel()
        for follower in followers:
            follower.stop()
        commander.close()
        results.close()
        health.close()
