"""The gate on a real Kafka: what goes where, what nobody can read, and that shards see each source without a gap."""

import json
import random
import threading
import time
from collections import Counter, defaultdict
from http.server import BaseHTTPRequestHandler, HTTPServer
from itertools import pairwise

import pytest

from schemas.catalog import catalog
from schemas.codec import decode, encode
from schemas.messages import Command, DeadLetter, Signal
from schemas.partition import shard_of
from schemas.private import InboxEntry, decode_entry
from schemas.wire.avro_schemas import plain
from streams.transport.shard.reports import WorkerReport, encode_report
from tests.transport.copies import Worker, committed, stored, wait_for, without_repeats
from tests.transport.copies import write as write_values

SHARDS = 8
SOURCES = 4
NOON = 1_741_003_200_000_000


def signal(number, **other):
    given = {
        "signal_id": f"s-{number}",
        "source": "vsr",
        "symbol": "BTCUSDT",
        "side": "long",
        "ts": NOON + number,
    }
    return Signal(**given | other)


def signal_json(number, **other):
    given = {
        "signal_id": f"s-{number}",
        "source": "vsr",
        "symbol": "BTCUSDT",
        "side": "long",
        "ts": NOON + number,
    }
    return json.dumps(given | other).encode()


def command(number, account="paper-1"):
    return Command(command_id=f"c-{number}", account=account, kind="pause", ts=NOON + number)


class World:
    """The gate's topics and what is in them."""

    def __init__(self, cluster, topics, folder):
        names = topics(
            {"signals": SOURCES, "commands": SOURCES, "inbox": SHARDS, "dead-letters": 1, "workers": 1},
            max_message_bytes="2000000",
        )
        self.cluster, self.folder, self.names = cluster, folder, names
        self.group = f"gate-{names['inbox']}"
        self.written = defaultdict(int)

    def write(self, topic, values):
        values = list(values)
        write_values(self.cluster, self.names[topic], values, 1 if topic == "workers" else SOURCES)
        self.written[topic] += len(values)

    def gate(self):
        return Worker(
            "tests.agents.gate_worker", self.folder, self.cluster.bootstrap, self.group, *self.names.values()
        )

    @property
    def committed(self):
        """How many signals the gate says to have passed on."""
        return sum(committed(self.cluster, self.group, self.names["signals"], SOURCES))

    @property
    def is_done(self):
        return all(
            sum(committed(self.cluster, self.group, self.names[topic], SOURCES)) == self.written[topic]
            for topic in ("signals", "commands")
        )

    def run(self, patience=40):
        with self.gate() as gate:
            wait_for(lambda: self.is_done or gate.process.poll() is not None, patience)
            assert gate.process.poll() is None, gate.words

    def inbox(self):
        """The entries of each shard, in order."""
        shards: dict[int, list[InboxEntry]] = {shard: [] for shard in range(SHARDS)}
        for each in stored(self.cluster, self.names["inbox"], SHARDS):
            shards[each.partition].append(decode_entry(each.value))
        return shards

    def letters(self):
        found = [
            decode("dead-letters", each.key, each.value)
            for each in stored(self.cluster, self.names["dead-letters"], 1)
        ]
        assert all(isinstance(each, DeadLetter) for each in found)
        return found


@pytest.fixture
def world(cluster, topics, tmp_path):
    return World(cluster, topics, tmp_path)


def sources_of(entries):
    """The offsets of each source partition, in order."""
    found = defaultdict(list)
    for entry in entries:
        found[entry.topic, entry.partition].append(entry.offset)
    return found


def test_who_gets_what(world):
    accounts = [f"paper-{number}" for number in range(40)]
    world.write("signals", [signal_json(0), encode(signal(1)), signal_json(2, side="up"), b"\xff"])
    world.write("commands", [encode(command(number, account)) for number, account in enumerate(accounts)])
    world.run()
    inbox = world.inbox()
    for shard, entries in inbox.items():
        messages = [entry.message() for entry in entries]
        assert sorted(each.signal_id for each in messages if isinstance(each, Signal)) == ["s-0", "s-1"]
        mine = {each.account for each in messages if isinstance(each, Command)}
        assert mine == {account for account in accounts if shard_of(account, SHARDS) == shard}
    (entry,) = [each for each in inbox[0] if each.kind == "signal" and each.partition == 1]
    assert (entry.topic, entry.offset, entry.ts) == (world.names["signals"], 0, NOON + 1)
    assert entry.message() == signal(1)


def test_a_wish_without_a_time_is_of_its_market_s_now(world):
    now = time.time_ns() // 1000
    told = WorkerReport("w", "h", 1, "v", "desk", ts=now, started=now, market_time={"ticks": NOON})
    world.write("workers", [encode_report(told)])
    world.write("signals", [signal_json(0, ts=None, signal_id=None), signal_json(1)])
    world.write("commands", [b'{"command_id": "c", "account": "paper-1", "kind": "pause"}'])
    world.run()
    assert world.letters() == []
    entries = [entry.message() for entries in world.inbox().values() for entry in entries]
    signals = [each for each in entries if isinstance(each, Signal)]
    assert {each.ts for each in signals} == {NOON, NOON + 1} and len(signals) == 2 * SHARDS
    (command,) = [each for each in entries if isinstance(each, Command)]
    assert command.ts == NOON
    (raw,) = [
        each for each in stored(world.cluster, world.names["signals"], SOURCES) if b"s-1" not in each.value
    ]
    (made,) = {each.signal_id for each in signals if each.ts == NOON}
    read_elsewhere = decode("signals", raw.key, raw.value, raw.timestamp * 1000)
    assert isinstance(read_elsewhere, Signal) and read_elsewhere.signal_id == made


def test_between_recorded_markets_of_different_times_a_wish_has_to_name_its_own(world):
    now = time.time_ns() // 1000
    times = {"ticks": NOON, "ticks.x": NOON - 86_400_000_000}
    told = WorkerReport("w", "h", 1, "v", "desk", ts=now, started=now, market_time=times)
    world.write("workers", [encode_report(told)])
    world.write("signals", [signal_json(0, ts=None, signal_id=None), signal_json(1)])
    world.write("commands", [b'{"command_id": "c", "account": "paper-1", "kind": "pause"}'])
    world.run()
    assert [entry.message() for entries in world.inbox().values() for entry in entries] == [
        signal(1)
    ] * SHARDS
    reasons = [letter.reason for letter in world.letters()]
    assert len(reasons) == 2
    assert all(
        each.startswith("ts: found nothing, expected a time, for recorded markets") for each in reasons
    )


def test_a_dead_letter_tells_what_it_was(world):
    before = time.time_ns() // 1000
    world.write("signals", [signal_json(0, side="up"), b"", signal_json(0), b"x" * 300_000])
    world.run()
    wrong, empty, long = sorted(world.letters(), key=lambda each: each.partition)
    assert (wrong.topic, wrong.partition, wrong.offset) == (world.names["signals"], 0, 0)
    assert wrong.value == signal_json(0, side="up") and wrong.key == b"key-0"
    assert wrong.reason.startswith("side: found 'up', expected")
    assert before - 60_000_000 < wrong.ts < time.time_ns() // 1000 + 60_000_000
    assert empty.value == b"" and "nothing" in empty.reason
    assert "300000 bytes" in long.reason and len(long.value) == 256 << 10


def malformed(random_):
    """Something that is no signal."""
    whole, avro = signal_json(1), encode(signal(1))
    return random_.choice([
        lambda: random_.randbytes(random_.randrange(1, 200)).lstrip(b"{") or b"?",
        lambda: whole[: random_.randrange(1, len(whole))],
        lambda: avro[: random_.randrange(1, len(avro))],
        lambda: avro + b"more",
        lambda: b"\xc3\x01" + random_.randbytes(30),
        lambda: b"\x00" + random_.randbytes(30),
        lambda: signal_json(1, side="up\ud800"),
        lambda: b'{"signal_id": "\\ud800"}',
        lambda: signal_json(1, features={"\ud83d" * 9: 1e999}).replace(b"Infinity", b"1e999"),
        lambda: signal_json(1, price="0.000000001"),
        lambda: signal_json(1, price="9" * random_.randrange(12, 2000)),
        lambda: signal_json(1, ts="yesterday"),
        lambda: signal_json(1, features={"f" * 5000: "much"}),
        lambda: signal_json(1, source=""),
        lambda: b"[" * 5000,
        lambda: b'{"a":' * 5000,
        lambda: b"{}",
        lambda: b"null",
        lambda: encode(command(1)),
    ])()  # fmt: skip


def test_ten_thousand_malformed_messages(world):
    random_ = random.Random(7)
    values = [malformed(random_) for _ in range(10_000)] + [signal_json(number) for number in range(2_000)]
    random_.shuffle(values)
    world.write("signals", values)
    world.run()
    good = defaultdict(list)
    for number, value in enumerate(values):
        if value.startswith(b'{"signal_id": "s-') and value == signal_json(_number(value)):
            good[number % SOURCES].append(number // SOURCES)
    for entries in world.inbox().values():
        found = {partition: offsets for (_, partition), offsets in sources_of(entries).items()}
        assert found == good
    letters = defaultdict(list)
    for letter in world.letters():
        assert letter.value == values[letter.offset * SOURCES + letter.partition]
        assert 0 < len(letter.reason) <= 1000
        letters[letter.partition].append(letter.offset)
    for partition in range(SOURCES):
        assert sorted(good[partition] + letters[partition]) == list(range(len(values) // SOURCES))


def _number(value):
    try:
        return json.loads(value)["ts"] - NOON
    except (ValueError, TypeError, KeyError):
        return -1


def settings(**more):
    return json.dumps({"preset": "vsr-slicer", "follow": [f"source-{number}" for number in range(4)], **more})


def creation(number, text):
    return json.dumps(
        {
            "command_id": f"c-{number}",
            "account": f"paper-{number}",
            "kind": "create",
            "settings": text,
            "ts": NOON,
        }
    ).encode()


SLOW = [
    '{"follow": [' + ",".join("1" * 12_000) + "]}",
    json.dumps({f"key-{number}": "1" for number in range(2_000)}),
    json.dumps({f"key-{number}": "1" for number in range(10_000)}),
    '{"size": ' + "[" * 900 + "]" * 900 + "}",
    json.dumps({"balance": "9" * 30_000}),
    json.dumps({"latency": "9" * 30_000 + "ms"}),
    json.dumps({"max_positions": "9" * 4_000}),
    json.dumps({"preset": "a" * 30_000}),
    json.dumps({"x" * 30_000: 1}),
]
"""Settings that take long to read, or that the reading of a number or of brackets gives up on."""


def assert_worked_off(world, commands, signals):
    inbox = world.inbox()
    found = Counter(entry.kind for entries in inbox.values() for entry in entries)
    assert found == {"command": commands, "signal": signals * SHARDS}
    assert world.letters() == []
    for entries in inbox.values():
        for place, offsets in sources_of(entries).items():
            assert offsets == sorted(set(offsets)), place
    return [entry.message() for entries in inbox.values() for entry in entries if entry.kind == "command"]


def test_accounts_by_the_thousand_and_settings_that_are_slow_on_purpose(world):
    """Each command that is read by itself takes long enough that the fence would end the gate."""
    alike = [creation(number, settings()) for number in range(2_000)]
    different = [creation(number, settings(max_positions=str(number))) for number in range(2_000, 3_000)]
    slow = [creation(3_000 + number, SLOW[number % len(SLOW)]) for number in range(36)]
    world.write("commands", [*slow, *alike, *different, *slow])
    world.write("signals", [signal_json(number) for number in range(4_000)])
    world.run()
    answers = {each.account: json.loads(each.settings) for each in assert_worked_off(world, 3_072, 4_000)}
    for number in range(3_000):
        assert answers[f"paper-{number}"]["name"] == f"paper-{number}"
        assert answers[f"paper-{number}"]["follow"] == ["source-0", "source-1", "source-2", "source-3"]
    for number in range(3_000, 3_036):
        ((word, why),) = answers[f"paper-{number}"].items()
        assert word == "error" and why.startswith("settings") and len(why) < 4_000


@pytest.mark.long
def test_twenty_thousand_commands_and_two_hundred_thousand_signals(world):
    commands = [creation(number, settings(max_positions=str(number))) for number in range(20_000)]
    slow = [creation(20_000 + number, SLOW[number % len(SLOW)]) for number in range(200)]
    world.write("commands", [*slow, *commands])
    world.write("signals", [signal_json(number) for number in range(200_000)])
    world.run(300)
    assert_worked_off(world, 20_200, 200_000)


def assert_no_gap(world):
    """Without what comes again, every shard sees every signal of every source partition in order."""
    each = world.written["signals"] // SOURCES
    for shard, entries in world.inbox().items():
        for place, offsets in sources_of(entries).items():
            assert without_repeats(offsets) == list(range(each)), (shard, place)
            for before, after in pairwise(offsets):
                assert after <= before + 1, f"{place} jumps from {before} to {after}"


@pytest.mark.long
def test_kills_leave_no_gap(world):
    for _ in range(3):
        world.write("signals", [signal_json(number) for number in range(8000)])
        done = world.committed
        with world.gate() as gate:
            while world.committed == done:
                assert gate.process.poll() is None, gate.words
    world.run()
    assert_no_gap(world)


@pytest.mark.long
def test_two_gates_and_kills_leave_no_gap(world):
    """Two members that take over from each other, and a third gate of another group that repeats everything."""
    with world.gate() as staying:
        for _ in range(5):
            with world.gate():
                for _ in range(6):
                    world.write("signals", [signal_json(number) for number in range(2000)])
                    time.sleep(0.5)
        wait_for(lambda: world.is_done, 60)
        assert staying.process.poll() is None, staying.words
    group, world.group = world.group, f"{world.group}-again"
    world.run()
    world.group = group
    assert_no_gap(world)


class Registry:
    """A schema registry that is away at first."""

    def __init__(self, refusals):
        self.asked = 0
        schema = json.dumps(plain(catalog().schemas.current("signal").document))
        outer = self

        class Answer(BaseHTTPRequestHandler):
            def do_GET(self):
                outer.asked += 1
                self.send_response(503 if outer.asked <= refusals else 200)
                self.end_headers()
                self.wfile.write(json.dumps({"schema": schema}).encode())

            def log_message(self, *_):
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Answer)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


def test_a_registry_that_is_away_makes_no_dead_letters(world, monkeypatch):
    registry = Registry(refusals=3)
    monkeypatch.setenv("SCHEMA_REGISTRY_URL", registry.url)
    confluent = [b"\x00\x00\x00\x00\x07" + encode(signal(number))[10:] for number in range(8)]
    world.write("signals", confluent)
    world.run()
    assert registry.asked == 4
    assert world.letters() == []
    for entries in world.inbox().values():
        assert sorted(entry.ts - NOON for entry in entries) == list(range(8))
    registry.server.shutdown()
    registry.server.server_close()
