"""A gate as a process.  python -m tests.agents.gate_worker BOOTSTRAP GROUP SIGNALS COMMANDS INBOX DEAD_LETTERS"""

import asyncio
import os
import sys

from streams.agents.gate import GateTopics, gate_app
from streams.transport.kafka.cluster import Cluster
from streams.transport.strict_faust.running import run_apps
from tests.transport.copies import SESSION_SECONDS

if __name__ == "__main__":
    bootstrap, group, *topics = sys.argv[1:]
    url = os.environ.get("SCHEMA_REGISTRY_URL")
    app = gate_app(
        Cluster(bootstrap),
        registry_url=url,
        session_seconds=SESSION_SECONDS,
        name=group,
        topics=GateTopics(*topics),
    )
    asyncio.run(run_apps(app))
