"""Messages that nobody can read, among good ones: all of them are told, all of the others are traded."""

import random
from collections import Counter
from typing import Any

import pytest

from schemas.codec import encode
from schemas.messages import DeadLetter, Fill, Signal
from streams.engine.model.units import MILLISECOND, ONE, SECOND
from tests.live.instance import Instance, Part, an_instance, without_repeats
from tests.live.malformed import BAD, HUGE, KEY, tick
from tests.live.worlds import FIXED, Wanted, create

pytestmark = pytest.mark.live

MEGABYTE = 1 << 20
KEPT = 256 << 10
"""Bytes that a dead letter keeps of a value."""
FLAT = 40 * MEGABYTE
"""By so much a process may grow from the first fifth of the messages to the last."""
STEP = 10 * MILLISECOND
"""Of event time, between two good ticks."""
ACCOUNT = Wanted(
    "paper",
    {
        "preset": "auto-trader",
        "balance": 1_000_000_000,
        "max_signals_per_hour": 1_000_000,
        "time_limit": "2s",
        "follow": ["good"],
    },
)

Place = tuple[str, int, int]


class Sender:
    """Sends good and bad messages, and knows where each bad one lies."""

    def __init__(self, instance: Instance, seed: int) -> None:
        self.instance, self.dice = instance, random.Random(seed)
        self.bad: dict[Place, tuple[bytes | None, bytes | None]] = {}
        self.kinds: Counter[str] = Counter()
        self.good: list[str] = []
        self.now = FIXED

    def send(self, bad: int, good: int) -> None:
        """So many of each, mixed; a tick beside every good signal."""
        wishes = [True] * good + [False] * bad
        self.dice.shuffle(wishes)
        for is_good in wishes:
            if is_good:
                self._send_good()
            else:
                self._send_bad()
        self.instance.flush()

    def tick(self) -> None:
        self.now += STEP
        self.instance.send(
            "ticks", KEY, encode(tick(self.now, price=100 * ONE + self.dice.randrange(-5, 5) * ONE // 100))
        )

    def _send_good(self) -> None:
        self.tick()
        name = f"good-{len(self.good)}"
        self.good.append(name)
        message = Signal(signal_id=name, source="good", symbol="GOOD", side="long", ts=self.now)
        key = self.dice.choice([KEY, None, b"", b"\xff", name.encode()])
        self.instance.send("signals", key, encode(message))

    def _send_bad(self) -> None:
        topic = self.dice.choice(sorted(BAD))
        maker = self.dice.choice(BAD[topic])
        if maker.__name__ == "_huge" and self.dice.random() > 0.05:
            return self._send_bad()
        pair = maker(self.dice, self.now)
        self.kinds[f"{topic} {maker.__name__}"] += 1
        options: dict[str, Any] = {} if topic == "ticks" else {"partition": self.dice.randrange(8)}
        self.instance.send(
            topic, *pair, on_delivery=lambda error, sent: self._keep(error, sent, pair), **options
        )
        return None

    def _keep(self, error, sent, pair) -> None:
        assert error is None, error
        self.bad[sent.topic(), sent.partition(), sent.offset()] = pair


def run(instance: Instance, bad: int, rounds: int = 10) -> dict[str, list[int]]:
    """The memory of each process after each round, for as long as it is the same process."""
    gate, desk = instance.run()
    create(instance, [ACCOUNT], FIXED - SECOND)
    instance.await_drained(desk)
    sender = Sender(instance, 7)
    memory: dict[str, list[int]] = {"gate": [], "desk": []}
    for _ in range(rounds):
        sender.send(bad // rounds, max(20, bad // rounds // 20))
        instance.await_drained(desk, 300)
        for part in (gate, desk):
            if part.starts == 1:
                memory[part.name].append(part.resident())
    for _ in range(10):
        sender.tick()
    sender.now += 5 * SECOND
    sender.tick()
    instance.flush()
    instance.await_drained(desk)
    check(instance, gate, desk, sender)
    return memory


def check(instance: Instance, gate: Part, desk: Part, sender: Sender) -> None:
    gate.end()
    desk.end()
    letters: dict[Place, DeadLetter] = {}
    for letter in instance.messages("dead-letters"):
        assert isinstance(letter, DeadLetter)
        place = letter.topic, letter.partition, letter.offset
        assert place not in letters or letters[place] == letter
        letters[place] = letter
    missing = sender.bad.keys() - letters.keys()
    assert not missing, [(place, sender.bad[place]) for place in list(missing)[:3]]
    extra = letters.keys() - sender.bad.keys()
    assert not extra, [letters[place] for place in list(extra)[:3]]
    for place, (key, value) in sender.bad.items():
        letter = letters[place]
        assert letter.value == (value or b"")[:KEPT] and letter.key == key and letter.reason
    assert any(len(value or b"") > HUGE for _, value in sender.bad.values())
    entered = Counter(
        fill.signal_id
        for fill in (read.message() for read in without_repeats(instance.read("fills")))
        if isinstance(fill, Fill) and fill.purpose == "entry"
    )
    assert entered == Counter(sender.good)


def growth(memory: list[int]) -> int:
    return max(memory[1:], default=0) - memory[1] if len(memory) > 1 else 0


def test_a_hundred_thousand_malformed_messages(tmp_path, capsys):
    with an_instance(tmp_path) as instance:
        memory = run(instance, 100_000)
    with capsys.disabled():
        for name, sizes in memory.items():
            print(f"\n{name}: " + " ".join(f"{size / MEGABYTE:.0f}" for size in sizes) + " MB")  # noqa: T201
    assert {name: growth(sizes) for name, sizes in memory.items() if growth(sizes) > FLAT} == {}
