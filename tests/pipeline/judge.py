"""Reads every log of a fold from its beginning and says whether what was published is the truth.

Rules of this file:
- It owes nothing to `streams.transport`: its own reader (`case.py`), its own idea of which barriers count, its own walk of
  one market record at a time, no header. What a private record says is decoded by `schemas.private`.
- The machine is the world's: what a fold decides is not judged here, only that everybody decided the same.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

import msgspec

from schemas.private import Barrier, InboxEntry, Takeover, decode_barrier, decode_entry
from tests.pipeline.case import FEW, Case, Read, Verdict, read

HEADER, SENTINEL = b"\x00header", b"\x00sentinel"


class Told(NamedTuple):
    """What the fold says."""

    topic: str
    key: bytes
    value: bytes


class Header(msgspec.Struct, frozen=True, array_like=True):
    """What a checkpoint says of itself, as it lies in Kafka."""

    number: int
    epoch: int
    engine: str
    inbox: int
    market: dict[str, int]
    sources: dict[str, int]
    pending: list[tuple[int, int]]
    machine: bytes
    barrier: int

    @property
    def needed(self) -> int:
        return self.pending[0][0] if self.pending else self.inbox


def judge(case: Case, *, finished: bool = True) -> Verdict:
    """`finished`: everything was drained and the workers stopped cleanly."""
    verdict = Verdict()
    markets = {topic: read(case, topic, 0) for topic in case.markets}
    verdict.market = sum(map(len, markets.values()))
    for shard in range(case.shards):
        Shard(case, shard, markets, verdict, finished).judge()
    return verdict


class Placed(NamedTuple):
    """A barrier that counts, and where it lies."""

    offset: int
    barrier: Barrier


class Shard:
    """One shard's logs."""

    def __init__(
        self, case: Case, shard: int, markets: Mapping[str, list[Read]], verdict: Verdict, finished: bool
    ) -> None:
        self.case, self.shard, self.markets, self.verdict = case, shard, markets, verdict
        self.finished = finished
        self.inbox = read(case, case.inbox, shard)
        self.valid = list(self._valid())
        self.machine = case.machine(shard)
        self.told: list[Told] = []
        self.seen: dict[tuple[str, int], int] = {}
        self.at: dict[str, int] = {}
        self.taken = 0
        self.states: dict[int, bytes] = {}
        """The machine's header after each barrier that has a checkpoint."""
        self.stored: dict[int, dict[tuple[str, bytes], bytes]] = {}
        """Its rows there."""

    def blame(self, what: str, count: int, examples: Iterable[object] = ()) -> int:
        return self.verdict.blame(f"shard {self.shard}: {what}", count, examples)

    def judge(self) -> None:
        verdict = self.verdict
        verdict.entries += len(self.inbox)
        verdict.barriers += len(self.valid)
        headers = self._headers()
        self._walk({header.number for header in headers.values()})
        verdict.late += self.machine.late
        self._judge_outputs()
        self._judge_checkpoints(headers)
        self._judge_entries()
        if self.case.natural:
            self._judge_against_nature()

    # Its own protocol ----------------------------------------------------------------------------

    def _valid(self) -> Iterator[Placed]:
        """A barrier counts when it names the newest takeover before it and the number that comes next."""
        newest, expected = None, 0
        for raw in read(self.case, self.case.barriers, self.shard):
            record = decode_barrier(raw.value)
            if isinstance(record, Takeover):
                newest = raw.offset
                self.verdict.takeovers += 1
            elif record.epoch == newest and record.number == expected:
                expected += 1
                yield Placed(raw.offset, record)
            else:
                self.verdict.void += 1

    def _walk(self, stored: set[int]) -> None:
        if self.valid:
            first = self.valid[0].barrier.steps[0]
            self.at = dict(first.market)
            self.taken = first.inbox - (self.inbox[0].offset if self.inbox else first.inbox)
        for _, barrier in self.valid:
            for step in barrier.steps:
                self._pass_to(step.market)
                while self.taken < len(self.inbox) and self.inbox[self.taken].offset < step.inbox:
                    self._admit(self.inbox[self.taken], step.newest)
                    self.taken += 1
            self._pass_to(barrier.market)
            self._tell(_caught_up(self.machine))
            if barrier.number in stored and (self.case.revive is None or barrier.number == max(stored)):
                self.states[barrier.number] = self.machine.header()
                self.stored[barrier.number] = self._rows()

    def _pass_to(self, position: Mapping[str, int]) -> None:
        for topic, end in position.items():
            log = self.markets[topic]
            base = log[0].offset if log else 0
            at = self.at.setdefault(topic, end)
            while at < end:
                self._tell(self.machine.pass_market(topic, self.case.one(topic, log[at - base])))
                at += 1
            self.at[topic] = max(at, end)

    def _admit(self, raw: Read, newest: Mapping[str, int]) -> None:
        entry = decode_entry(raw.value)
        if entry.offset <= self.seen.get((entry.topic, entry.partition), -1):
            self.verdict.repeated_entries += 1
            return
        self.seen[entry.topic, entry.partition] = entry.offset
        self._tell(self.machine.admit(raw.offset, entry, newest))

    def _tell(self, records: Iterable[Any]) -> None:
        self.told += (Told(*record) for record in records)

    def _rows(self) -> dict[tuple[str, bytes], bytes]:
        return {
            (table, key): value for table, key, value in self.case.rows(self.machine) if value is not None
        }

    # What must be --------------------------------------------------------------------------------

    def _judge_outputs(self) -> None:
        verdict = self.verdict
        expected: dict[tuple[str, bytes], bytes] = {}
        for topic, key, value in self.told:
            if topic in self.case.outputs:
                place = topic, self.case.name(topic, key, value)
                assert expected.get(place, value) == value, f"the fold tells {place} twice, differently"
                expected[place] = value
        found: dict[tuple[str, bytes], set[bytes]] = defaultdict(set)
        for topic in self.case.outputs:
            raws = read(self.case, topic, self.shard)
            for raw in raws:
                found[topic, self.case.name(topic, raw.key or b"", raw.value)].add(raw.value)
            verdict.outputs += len(raws)
            verdict.repeats += len(raws)
        verdict.repeats -= len(found)
        names = expected.keys() & found.keys()
        verdict.differing += self.blame(
            "outputs that differ from their repeats", *_some(key for key in found if len(found[key]) > 1)
        )
        verdict.missing += self.blame("outputs missing", *_some(expected.keys() - found.keys()))
        verdict.extra += self.blame("outputs that nobody decided", *_some(found.keys() - expected.keys()))
        verdict.wrong += self.blame(
            "outputs that the fold says otherwise",
            *_some(key for key in names if expected[key] not in found[key]),
        )

    def _headers(self) -> dict[int, Header]:
        """By their offset in the first changelog."""
        first = next(iter(self.case.changelogs.values()))
        self._changelogs = {
            table: read(self.case, topic, self.shard) for table, topic in self.case.changelogs.items()
        }
        table = next(iter(self.case.changelogs))
        found = {
            raw.offset: msgspec.msgpack.decode(raw.value, type=Header)
            for raw in self._changelogs[table]
            if raw.key == HEADER
        }
        self.verdict.checkpoints += len(found)
        self.blame(f"no checkpoint in {first}", int(not found and self.finished))
        return found

    def _judge_checkpoints(self, headers: Mapping[int, Header]) -> None:
        verdict = self.verdict
        by_number = {barrier.number: (offset, barrier) for offset, barrier in self.valid}
        wrong: list[str] = []
        newest = -1
        for header in headers.values():
            place = by_number.get(header.number)
            if place is None or place[0] != header.barrier:
                wrong.append(f"number {header.number} at {header.barrier} is no barrier that counts")
            elif header.market != place[1].market or header.epoch != place[1].epoch:
                wrong.append(f"number {header.number} is elsewhere than its barrier")
            elif self.case.revive is None and header.machine != self.states.get(header.number):
                wrong.append(f"number {header.number} says {header.machine!r}")
            if header.number < newest:
                wrong.append(f"number {header.number} after {newest}")
            newest = max(newest, header.number)
        verdict.headers_wrong += self.blame("headers that are not the fold's", len(wrong), wrong)
        if headers:
            self._judge_rows(headers[max(headers)])
            self._judge_compacted(by_number[newest][1] if newest in by_number else None)
            if self.finished:
                self._judge_end(headers[max(headers)])

    def _judge_rows(self, last: Header) -> None:
        found = {
            (table, raw.key or b""): raw.value
            for table, raws in self._changelogs.items()
            for raw in raws
            if raw.key not in (HEADER, SENTINEL)
        }
        found = {place: value for place, value in found.items() if value}
        if self.case.revive is not None:
            found = self._revived(last, found)
        expected = self.stored.get(last.number, {})
        self.verdict.rows += len(expected)
        self.verdict.rows_wrong += self.blame(
            f"rows that differ from the fold at {last.number}",
            *_some(key for key in found.keys() | expected.keys() if found.get(key) != expected.get(key)),
        )

    def _revived(
        self, last: Header, rows: Mapping[tuple[str, bytes], bytes]
    ) -> dict[tuple[str, bytes], bytes]:
        """What a machine that takes up these rows tells of itself."""
        assert self.case.revive is not None
        tables: dict[str, dict[bytes, bytes]] = {table: {} for table in self.case.changelogs}
        for (table, key), value in rows.items():
            tables[table][key] = value
        waits = {offset for first, end in last.pending for offset in range(first, end + 1)}
        entries = [(raw.offset, decode_entry(raw.value)) for raw in self.inbox if raw.offset in waits]
        machine = self.case.revive(self.shard, last.machine, tables, entries)
        return {(table, key): value for table, key, value in self.case.rows(machine) if value is not None}

    def _judge_compacted(self, last: Barrier | None) -> None:
        """At a clean end every compacted record is stored."""
        if not self.finished or last is None:
            return
        expected: dict[tuple[str, bytes], bytes] = {}
        for topic, key, value in self.told:
            if topic in self.case.compacted:
                expected[topic, key] = value
        found: dict[tuple[str, bytes], bytes] = {}
        for topic in self.case.compacted:
            for raw in read(self.case, topic, self.shard):
                found[topic, raw.key or b""] = raw.value
        self.verdict.compacted += len(expected)
        self.verdict.compacted_wrong += self.blame(
            "last values of compacted topics",
            *_some(key for key in found.keys() | expected.keys() if found.get(key) != expected.get(key)),
        )

    def _judge_end(self, last: Header) -> None:
        """Nothing was left behind."""
        end = self.inbox[-1].offset + 1 if self.inbox else 0
        self.blame("entries behind the last checkpoint", end - last.inbox)
        for topic, log in self.markets.items():
            if topic in last.market and log and not self.case.has_clocks:
                self.blame(
                    f"records of {topic} behind the last checkpoint", log[-1].offset + 1 - last.market[topic]
                )
        newest = self.valid[-1].barrier.number if self.valid else None
        self.blame("the last checkpoint is not at the last barrier", int(last.number != newest))

    def _judge_entries(self) -> None:
        """What was sent from outside reached the fold."""
        if self.case.sent is not None:
            came = {(entry.topic, entry.partition, entry.offset) for entry in map(_entry, self.inbox)}
            lost = self.case.sent(self.shard) - came
            self.verdict.lost_entries += self.blame("entries that never reached the inbox", *_some(lost))

    def _judge_against_nature(self) -> None:
        """Each entry at the first market record at or after its time and latency, whatever any barrier says."""
        machine, told = self.case.machine(self.shard), []
        seen: dict[tuple[str, int], int] = {}
        for raw in self.inbox[: self.taken]:
            entry = decode_entry(raw.value)
            if entry.offset > seen.get((entry.topic, entry.partition), -1):
                seen[entry.topic, entry.partition] = entry.offset
                told += machine.admit(raw.offset, entry, {})
        for topic, end in self.at.items():
            for raw in self.markets[topic]:
                if raw.offset < end:
                    told += machine.pass_market(topic, self.case.one(topic, raw))
        told += _caught_up(machine)
        natural, lived = (
            {each[:2]: each[2] for each in all_of if each[0] in self.case.outputs}
            for all_of in (told, self.told)
        )
        self.verdict.natural_wrong += self.blame(
            "outputs that a fold without barriers says otherwise",
            *_some(key for key in natural.keys() | lived.keys() if natural.get(key) != lived.get(key)),
        )


def _caught_up(machine: Any) -> list[Any]:
    told: list[Any] = []
    while machine.is_behind:
        told += machine.catch_up()
    return told


def _entry(raw: Read) -> InboxEntry:
    return decode_entry(raw.value)


def _some(found: Iterable[object]) -> tuple[int, list[object]]:
    all_of_them = list(found)
    return len(all_of_them), all_of_them[:FEW]
