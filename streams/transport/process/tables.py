"""The machine's tables as Faust tables: readable anywhere in the app, written by checkpoints alone.

Rules of this file: Faust hands out the shards and keeps the tables; it does not recover them. A changelog of
transactions makes its recovery wait for ever, and rows mean nothing before the shard's barriers were walked.
"""

from typing import Any, NoReturn, cast

import faust
from faust.tables.manager import TableManager
from faust.tables.recovery import Recovery
from faust.types import TP

from streams.transport.process.fleet import Fleet
from streams.transport.strict_faust.app import App


class StoredRows(faust.Table[tuple[int, bytes], bytes]):
    """A table by (shard, key), as of each shard's last checkpoint."""

    def keep(self, shard: int, key: bytes, value: bytes | None) -> None:
        """What a checkpoint stored."""
        if value is None:
            self.data.pop((shard, key), None)
        else:
            self.data[shard, key] = value

    def forget(self, shard: int) -> None:
        """The shard is another worker's."""
        for key in [key for key in self.data if key[0] == shard]:
            del self.data[key]

    def on_key_set(self, key: Any, value: Any) -> NoReturn:
        raise TypeError(f"the table {self.name} is written by checkpoints; change the machine instead")

    on_key_del = on_key_set  # type: ignore[assignment]


class NoRecovery(Recovery):
    """Resumes the streams at once."""

    def add_active(self, table: Any, tp: TP) -> None:
        """The shard's owner reads its changelog itself."""

    add_standby = add_active


class Tables(TableManager):
    """Tells the fleet which shards are ours, before any stream flows."""

    @property
    def recovery(self) -> Recovery:
        if self._recovery is None:
            self._recovery = NoRecovery(self.app, self, beacon=self.beacon, loop=self.loop)
        return self._recovery

    @property
    def _fleet(self) -> "tuple[Fleet, str]":
        app = cast(FoldApp, self.app)
        return app.fleet, app.inbox

    def on_partitions_revoked(self, revoked: set[TP]) -> None:
        fleet, _ = self._fleet
        if revoked:  # on its first join a standby has shards already, and nothing to give back
            fleet.hold()
        super().on_partitions_revoked(revoked)

    async def on_rebalance(
        self, assigned: set[TP], revoked: set[TP], newly_assigned: set[TP], generation_id: int = 0
    ) -> None:
        fleet, inbox = self._fleet
        await fleet.assign(tp.partition for tp in assigned if tp.topic == inbox)
        await super().on_rebalance(assigned, revoked, newly_assigned, generation_id)


class FoldApp(App):
    """A Faust app whose one agent fills the inboxes of a fleet."""

    def __init__(self, fleet: Fleet, **settings: Any) -> None:
        self.fleet = fleet
        self.inbox = fleet.setup.names.inbox
        super().__init__(TableManager=Tables, **settings)
        self.rows = {name: self._rows(name) for name in fleet.setup.names.changelogs}
        fleet.setup.tables = self.rows
        self.committable[self.inbox] = lambda tp: fleet.committable(tp.partition)
        self.on_batches(self.inbox, handle=fleet.put)

    def _rows(self, name: str) -> StoredRows:
        table = StoredRows(self, name=name, key_type=bytes, value_type=bytes)
        self.tables.add(table)
        return table
