"""Live, replayed, and folded again: the same market and the same signals give the same bytes.

Two kinds of accounts share each run, in shards of their own: patient ones, whose latency is above what the
pipeline takes, and hasty ones without latency, for which entries may be late.
"""

import asyncio
import subprocess
import sys
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from schemas.codec import encode
from schemas.columns import Columns
from schemas.kinds import topic_of
from schemas.messages import Decision, Equity, Fill, Output, Trade
from schemas.partition import shard_of
from streams.agents.desk import Desk
from streams.agents.market_decoder import MarketDecoder
from streams.engine.model.units import MINUTE, SECOND
from streams.engine.simulate import simulate
from streams.files.writing import recording
from streams.files.writing.layouts import EQUITY, FILLS, TRADES
from streams.transport.contract.machine import Raw
from streams.transport.process.verify import verify_shards
from streams.transport.shard.reports import ShardReport
from tests.live.instance import MARKET, SHARDS, Instance, Read, an_instance, wall, without_repeats
from tests.live.pacing import Pace, publish, records
from tests.live.worlds import FIXED, Stretch, Wanted, accounts_of_presets, create, hasty, stretch
from tests.result_files import told_of, write_results

EVERY = ("fills", "trades", "equity", "decisions", "orders")
"""Topics in which each record counts; of the compacted ones the last of each key does."""
LAST = ("positions", "slice-timers")
FILES = (FILLS, TRADES, EQUITY)


@dataclass
class Run:
    """What was sent and what came of it."""

    sent: Stretch
    patient: list[Wanted]
    hasty: list[Wanted]
    found: dict[str, dict[str, list[Read]]]
    """By account, then by topic."""
    shards: dict[int, ShardReport]
    behind: float
    """Wall seconds by which the publisher itself was late, at worst."""
    market: Columns
    """As it lies in Kafka: with clocks, where the desk told the time."""


def run(instance: Instance, sent: Stretch, latency: str, speed: float, key: bytes | None = None) -> Run:
    """All of it through a gate and a desk, which then leave; at 1x its event time becomes the wall's."""
    patient = accounts_of_presets(latency)
    accounts = [*patient, *hasty(patient)]
    gate, desk = instance.run()
    create(instance, accounts, FIXED - MINUTE)
    instance.await_drained(desk)
    at = wall() + SECOND
    if speed == 1:
        sent = sent.moved(at)
    behind = publish(instance, records(sent.market, sent.signals, key), Pace(sent.start, at, speed))
    assert behind < float(latency.removesuffix("s")) / speed, "this machine is too busy to keep the pace"
    reports = instance.await_drained(desk)
    desk.end()
    gate.end()
    found: dict[str, dict[str, list[Read]]] = defaultdict(lambda: defaultdict(list))
    for read in without_repeats(instance.read(*EVERY, *LAST)):
        found[(read.key or b"").decode().partition("/")[0]][read.topic].append(read)
    shards = {each.shard: each for report in reports.values() for each in report.shards}
    return Run(sent, patient, hasty(patient), found, shards, behind, recorded_market(instance))


def recorded_market(instance: Instance) -> Columns:
    raws = [Raw(read.offset, read.stamp, read.key, read.value) for read in instance.read(MARKET)]
    run = MarketDecoder().decode(MARKET, raws)
    assert not run.faults
    return run.columns


def test_live_equals_replay(tmp_path):
    """Twelve minutes in twelve seconds; every signal in one partition, so that they arrive in their order."""
    with an_instance(tmp_path) as instance:
        check(instance, run(instance, stretch(12, 4 * SECOND), "200s", 60, b"one"))


@pytest.mark.live
def test_live_equals_replay_for_half_an_hour(tmp_path):
    with an_instance(tmp_path) as instance:
        check(instance, run(instance, stretch(30, 4 * SECOND), "100s", 60))


@pytest.mark.live
def test_live_equals_replay_at_the_time_of_day(tmp_path):
    """Event time is the wall's: the way of a live feed, where no backlog is read."""
    with an_instance(tmp_path) as instance:
        check(instance, run(instance, stretch(30, 4 * SECOND).moved(FIXED, faster=60), "2s", 1))


def check(instance: Instance, run: Run) -> None:
    for account in run.patient:
        assert not _late(run, account.name)
    for shard in {shard_of(each.name, SHARDS) for each in run.patient}:
        assert run.shards[shard].late == 0
    expected = replayed(run)
    for account in run.patient:
        check_account(run, account.name, expected[account.name])
    check_files(instance.folder, run)
    check_late(run)
    check_refold(instance, run)


# The patient ones ----------------------------------------------------------------------------


def replayed(run: Run) -> dict[str, list[Output]]:
    """What the engine says of the recorded files, without its last words."""
    expected: dict[str, list[Output]] = defaultdict(list)
    settings = [each.engine for each in run.patient]
    *told, _ = simulate(settings, [run.market], run.sent.signals)
    for output in (output for outputs in told for output in outputs):
        expected[output.account].append(output)
    return expected


def check_account(run: Run, account: str, expected: list[Output]) -> None:
    wanted: dict[str, list[Output]] = defaultdict(list)
    for output in expected:
        wanted[topic_of(output)].append(output)
    for topic in EVERY:
        found = [read.value for read in run.found[account][topic] if not _is_creation(read)]
        assert found == [encode(output) for output in wanted[topic]], difference(
            run, account, topic, wanted[topic]
        )
    assert len(wanted["fills"]) > 20 and len(wanted["trades"]) > 5
    for topic in LAST:
        last = {read.key: read.value for read in run.found[account][topic]}
        assert sorted(filter(None, last.values())) == sorted(
            {_name(output): encode(output) for output in wanted[topic]}.values()
        )


def _name(output: Output) -> str:
    return getattr(output, "position_id", None) or output.slice_id  # type: ignore[union-attr]


def _is_creation(read: Read) -> bool:
    message = read.message() if read.topic == "decisions" else None
    return isinstance(message, Decision) and message.command_id is not None


def difference(run: Run, account: str, topic: str, wanted: list[Output]) -> str:
    """The first one, for people."""
    found = [read.message() for read in run.found[account][topic] if not _is_creation(read)]
    for number, (ours, theirs) in enumerate(zip(found, wanted, strict=False)):
        if ours != theirs:
            return f"{account}, {topic} {number}:\n  live     {ours}\n  replayed {theirs}"
    return f"{account}, {topic}: {len(found)} live, {len(wanted)} replayed"


def check_files(folder: Path, run: Run) -> None:
    """`ghostfill replay` of the recorded files, and the live messages written as it writes them."""
    recording.write_ticks(folder / "ticks.csv.gz", run.sent.market)
    recording.write_signals(folder / "signals.csv", run.sent.signals)
    files = []
    for account in run.patient:
        files.append(folder / f"{account.name}.yaml")
        files[-1].write_text(account.file(), "utf-8")
    command = ["replay", "--ticks", "ticks.csv.gz", "--signals", "signals.csv", "--out", "replayed"]
    for file in files:
        command += ["--account", file.name]
    subprocess.run([sys.executable, "-m", "streams.cli", *command, "--no-progress"], cwd=folder, check=True)
    end = int(run.sent.market.ts[-1])
    for account in run.patient:
        found: list[Any] = [
            read.message()
            for topic in ("fills", "trades", "equity")
            for read in run.found[account.name][topic]
        ]
        write_results(folder / account.name, told_of(each for each in found if _time(each) <= end))
        for layout in FILES:
            lines = (folder / "replayed" / layout.file).read_bytes().splitlines(keepends=True)
            mine = f",{account.name},".encode()
            expected = [line for number, line in enumerate(lines) if number == 0 or mine in line]
            assert (folder / account.name / layout.file).read_bytes() == b"".join(expected)


def _time(message: Fill | Trade | Equity) -> int:
    """A clock may tell the time, and so the worth, after the recording has ended."""
    return message.exit_ts if isinstance(message, Trade) else message.ts


# The hasty ones ------------------------------------------------------------------------------


def _late(run: Run, account: str) -> list[Decision]:
    messages = (read.message() for read in run.found[account]["decisions"])
    return [each for each in messages if isinstance(each, Decision) and each.decision == "late"]


def check_late(run: Run) -> None:
    """Without a latency none is told; how many a shard counts is compared with its second fold."""
    assert not any(_late(run, account.name) for account in run.hasty)


def check_refold(instance: Instance, run: Run) -> None:
    verdicts = asyncio.run(verify_shards(Desk().plan(instance.cluster), range(SHARDS)))
    for verdict in verdicts:
        assert verdict.is_equal, verdict.differences
        assert verdict.late == run.shards[verdict.shard].late
    assert sum(verdict.outputs for verdict in verdicts) >= sum(
        len(reads) for topics in run.found.values() for topic, reads in topics.items() if topic in EVERY
    )
