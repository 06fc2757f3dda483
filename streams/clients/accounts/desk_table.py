"""What the desk's table says of its accounts as of the last checkpoint, and their last equity."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import msgspec

from schemas.codec import default_codec
from schemas.messages import Equity
from schemas.partition import partition_of
from streams.agents.names import ACCOUNTS, TOPICS
from streams.clients.accounts.finding import is_found
from streams.clients.kafka import Place, Raw, beginnings, ends, read_spans, require
from streams.engine.model.settings import Settings
from streams.engine.model.state import AccountState
from streams.engine.shard.checkpoint import AccountRow
from streams.transport.contract.names import HEADER, SENTINEL
from streams.transport.kafka.cluster import Cluster, ClusterError

TABLE = TOPICS.changelogs[ACCOUNTS]
CHUNK = 2_000
"""So many of the last equity rows of a shard are read first."""

_decode = msgspec.json.Decoder(AccountRow).decode


@dataclass(frozen=True, slots=True)
class Held:
    """An account as it is held."""

    name: str
    state: AccountState
    equity: Equity | None = None
    """Its last row; none before its first fill or day."""

    @property
    def settings(self) -> Settings:
        return self.state.versions[-1]

    def is_found(self, text: str) -> bool:
        """In its name, or in a source that it follows."""
        return is_found(text, self.name, self.settings.follow)


def accounts(cluster: Cluster, names: Iterable[str] = ()) -> list[Held]:
    """These accounts, or all, by name; those that are not there are left out."""
    places = require(cluster, TABLE)
    wanted = set(names)
    if wanted:
        shards = {partition_of(name.encode(), len(places)) for name in wanted}
        places = [place for place in places if place[1] in shards]
    states = {name: row.state for name, row in _rows(cluster, places) if not wanted or name in wanted}
    return [Held(name, states[name]) for name in sorted(states)]


def open_accounts(cluster: Cluster) -> dict[str, AccountState]:
    """Each account that is not closed."""
    return {held.name: held.state for held in accounts(cluster) if held.state.status != "closed"}


def account(cluster: Cluster, name: str) -> Held:
    found = accounts(cluster, [name])
    if not found:
        raise ClusterError(f"there is no account {name}; `ghostfill account list` shows all")
    return found[0]


def with_equity(cluster: Cluster, held: Iterable[Held]) -> list[Held]:
    """The same with their last equity."""
    held = list(held)
    places = require(cluster, "equity")
    newest: dict[str, Equity] = {}
    for place in places:
        names = {each.name for each in held if partition_of(each.name.encode(), len(places)) == place[1]}
        newest |= _last_equity(cluster, place, names)
    return [Held(each.name, each.state, newest.get(each.name)) for each in held]


def _rows(cluster: Cluster, places: list[Place]) -> Iterator[tuple[str, AccountRow]]:
    newest: dict[bytes, bytes | None] = {}
    for raw in _all(cluster, places):
        if raw.key is not None and raw.key not in (HEADER, SENTINEL):
            newest[raw.key] = raw.value
    for key, value in newest.items():
        if value is not None:
            yield key.decode(), _decode(value)


def _all(cluster: Cluster, places: list[Place]) -> Iterator[Raw]:
    first, last = beginnings(cluster, places), ends(cluster, places)
    return read_spans(cluster, {place: (first[place], last[place]) for place in places})


def _last_equity(cluster: Cluster, place: Place, names: set[str]) -> dict[str, Equity]:
    """Looks back further and further until each has one."""
    found: dict[str, Equity] = {}
    if not names:
        return found
    first, end, length = beginnings(cluster, [place])[place], ends(cluster, [place])[place], CHUNK
    while end > first and names - found.keys():
        start = max(first, end - length)
        rows = [_equity(raw) for raw in read_spans(cluster, {place: (start, end)})]
        found = {row.account: row for row in rows if row.account in names} | found
        end, length = start, 4 * length
    return found


def _equity(raw: Raw) -> Equity:
    message = default_codec().decode(raw.topic, raw.key, raw.value)
    assert isinstance(message, Equity)
    return message
