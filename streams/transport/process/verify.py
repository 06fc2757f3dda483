"""A shard folded again from its last snapshot, and compared with everything that was published and stored.

Rules of this file: it only reads, and it may run beside an owner. What an owner published up to its last
checkpoint must be there; whatever is there must follow from the barriers.
"""

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

from schemas.private import Barrier, decode_barrier
from streams.transport.contract.machine import Record, Row
from streams.transport.kafka.logs import Log
from streams.transport.process.worker import WorkerPlan, opened
from streams.transport.shard import snapshots
from streams.transport.shard.barriers import History
from streams.transport.shard.fold import Fold
from streams.transport.shard.handover.takeover import ShardInputs, VersionError, resume
from streams.transport.shard.setup import ShardSetup
from streams.transport.shard.store import Header, Store, Tables


@dataclass(slots=True)
class Verdict:
    """What a second fold of one shard found."""

    shard: int
    since: int = -1
    """The barrier of the snapshot that it began at."""
    barriers: int = 0
    outputs: int = 0
    rows: int = 0
    late: int = 0
    differences: list[str] = field(default_factory=list)

    @property
    def is_equal(self) -> bool:
        return not self.differences


@dataclass(slots=True)
class Refold:
    """What a second fold told."""

    surely: list[Record] = field(default_factory=list)
    """Up to the stored checkpoint: all of it must be there."""
    perhaps: list[Record] = field(default_factory=list)
    """After it: it may be there."""
    rows: list[Row] = field(default_factory=list)
    """As of the checkpoint."""


async def verify_shards(plan: WorkerPlan, shards: Sequence[int], key: bytes | None = None) -> list[Verdict]:
    """Of a cluster that a process of this plan could work on."""
    async with opened(plan) as setup:
        return [await verify(setup, shard, key) for shard in shards]


async def verify(setup: ShardSetup, shard: int, key: bytes | None = None) -> Verdict:
    """Fold a shard again; with a key, compare only the records and rows of that key."""
    verdict = Verdict(shard)
    store = Store(setup.cluster, setup.names.changelogs, shard, {})
    await store.load_along()
    if store.header is None:
        return verdict
    found = await snapshots.newest(setup.cluster, setup.names.snapshots, shard)
    if found is None:
        raise snapshots.SnapshotError(
            f"shard {shard} has no snapshot any more: retention of {setup.names.snapshots} deleted it; the "
            "next one is written within a day"
        )
    ends = {topic: await setup.ends.of_one(topic, shard) for topic in _published(setup)}
    refold = await _refold(setup, shard, found[0].header, found[1], store.header, verdict)
    _compare_rows(verdict, refold.rows, await _rows_of(setup, shard, store.header, store.tables), key)
    for topic in sorted(setup.names.outputs):
        published = await _read(setup, topic, shard, ends[topic])
        _compare(verdict, topic, refold, published, key)
    for topic in sorted(setup.names.compacted):
        published = await _read(setup, topic, shard, ends[topic])
        _compare_last(verdict, topic, refold, published, key)
    return verdict


def _published(setup: ShardSetup) -> list[str]:
    return [*setup.names.outputs, *setup.names.compacted]


async def _refold(
    setup: ShardSetup, shard: int, begin: Header, tables: Tables, until: Header, verdict: Verdict
) -> Refold:
    """From one checkpoint to another, and on to the last barrier that there is."""
    result = Refold()
    inputs = ShardInputs(setup, shard)
    try:
        fold = await _restored(setup, shard, begin, tables, inputs)
        for barrier in await _barriers(setup, shard, begin):
            if fold.number == until.number:
                result.rows = fold.machine.rows()
            told = await fold.walk(barrier, inputs)
            (result.surely if barrier.number <= until.number else result.perhaps).extend(told)
            verdict.barriers += 1
            await asyncio.sleep(0)
        if fold.number == until.number:
            result.rows = fold.machine.rows()
    finally:
        await inputs.close()
    verdict.since, verdict.late = begin.number, fold.machine.late
    return result


async def _rows_of(setup: ShardSetup, shard: int, header: Header, tables: Tables) -> list[Row]:
    """What a machine holds that was restored from what is stored."""
    inputs = ShardInputs(setup, shard)
    try:
        return (await _restored(setup, shard, header, tables, inputs)).machine.rows()
    finally:
        await inputs.close()


async def _restored(
    setup: ShardSetup, shard: int, header: Header, tables: Tables, inputs: ShardInputs
) -> Fold:
    fold = Fold(setup.make(shard))
    await resume(fold, header, defaultdict(dict, tables), inputs)
    return fold


async def _barriers(setup: ShardSetup, shard: int, begin: Header) -> list[Barrier]:
    history = History(begin.epoch, begin.number, begin.engine)
    log = await Log(setup.cluster, setup.names.barriers, shard).open(begin.barrier + 1)
    found = []
    try:
        async for raw in log.read_to(await log.end()):
            barrier = history.take(raw.offset, decode_barrier(raw.value))
            if barrier is not None:
                _check_version(setup, shard, history)
                found.append(barrier)
    finally:
        await log.close()
    return found


def _check_version(setup: ShardSetup, shard: int, history: History) -> None:
    if history.engine != setup.engine:
        raise VersionError(
            f"shard {shard} was folded by {history.engine}, and this is {setup.engine}: verify it with the "
            "version and the files that its desks were given"
        )


async def _read(setup: ShardSetup, topic: str, shard: int, end: int) -> list[Record]:
    log = await Log(setup.cluster, topic, shard, committed=True).open()
    try:
        end = min(end, await log.end())
        return [Record(topic, raw.key or b"", raw.value or b"") async for raw in log.read_to(end)]
    finally:
        await log.close()


def _compare_rows(verdict: Verdict, folded: list[Row], stored: list[Row], key: bytes | None) -> None:
    ours, theirs = ({(row.table, row.key): row.value for row in rows} for rows in (folded, stored))
    for place in sorted(ours.keys() | theirs.keys()):
        if key is None or place[1] == key:
            verdict.rows += 1
            if ours.get(place) != theirs.get(place):
                verdict.differences.append(
                    f"table {place[0]}, row {_text(place[1])}: folded {_text(ours.get(place))}, "
                    f"stored {_text(theirs.get(place))}"
                )


def _compare(
    verdict: Verdict, topic: str, refold: Refold, published: list[Record], key: bytes | None
) -> None:
    """Every record that must be there is, and of the newest nothing is there that does not follow."""
    expected = [each for each in refold.surely if each.topic == topic and _is_meant(each, key)]
    verdict.outputs += len(expected)
    there = set(published)
    missing = next((each for each in expected if each not in there), None)
    if missing is not None:
        verdict.differences.append(f"{topic}: computed again, but not published: {_text(missing.value)}")
    if not expected:
        return
    known = {*expected, *(each for each in refold.perhaps if each.topic == topic)}
    first = next((at for at, each in enumerate(published) if each == expected[0]), len(published))
    before = set(published[:first])
    for each in published[first:]:
        if _is_meant(each, key) and each not in known and each not in before:
            verdict.differences.append(f"{topic}: published, but not computed again: {_text(each.value)}")
            return


def _compare_last(
    verdict: Verdict, topic: str, refold: Refold, published: list[Record], key: bytes | None
) -> None:
    """Compaction keeps the last record of a key."""
    last = {each.key: each.value for each in published}
    wanted: dict[bytes, set[bytes]] = {}
    for each in refold.surely:
        if each.topic == topic and _is_meant(each, key):
            wanted[each.key] = {each.value}
    verdict.outputs += len(wanted)
    for each in refold.perhaps:
        if each.topic == topic and each.key in wanted:
            wanted[each.key].add(each.value)
    for name, values in wanted.items():
        if last.get(name) not in values:
            verdict.differences.append(
                f"{topic}, {_text(name)}: folded {_text(min(values))}, published {_text(last.get(name))}"
            )
            return


def _is_meant(record: Record, key: bytes | None) -> bool:
    return key is None or record.key == key or record.key.startswith(key + b"/")


def _text(value: bytes | None) -> str:
    return "nothing" if value is None else value.decode("utf-8", "backslashreplace")[:300]
