"""A seeded director of disasters: keeps workers and gates running, and keeps killing them.

Rules of this file:
- A seed fixes what is done, to whom and in which order; when exactly it strikes is the machine's affair.
- It knows a world only by how a worker and a gate are started, how the load is made, and what is judged.
- In the end there is peace: nothing fails any more, everything is drained, and all leave cleanly.
"""

import heapq
import random
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any, Protocol

from streams.local.kafka.kafka import Kafka
from tests.pipeline.case import Verdict
from tests.pipeline.children import TO_SPEAK, Child
from tests.pipeline.nursery import Nursery
from tests.pipeline.pace import Pace
from tests.pipeline.points import CALM, FENCE_OFF, POINTS
from tests.pipeline.watch import Watch
from tests.proxy import Proxy

LOOK = 0.02
WITHOUT_LIFE, LONGEST = 60.0, 240.0
"""Seconds after which a fold that does not go on is a failure: since a process ended last, and in all."""
MANY = 6
"""Deaths of one process for no reason that is expected."""

FAULTS: Mapping[str, int] = {
    "kill": 6,
    "term": 3,
    "zombie": 4,
    "kill both": 1,
    "rival": 2,
    "kill gate": 2,
    "stop gate": 1,
    "second gate": 2,
    "slow": 1,
    "stall": 1,
    "cut": 2,
}
"""How often each is drawn. The broker is killed where a script says so."""
CRASHES = (
    "announced=0.02,opened=0.02,loaded=0.02,walking=0.02,walked=0.02,begun=0.02,"
    "barrier=0.0005,barred=0.0005,readback=0.0005,emitted=0.0005,"
    "checkpoint=0.005,rows=0.002,commit=0.005,ended=0.005,committed=0.005,finish=0.03,finished=0.03"
)
"""The chance of dying, standing still or dawdling at each passing of a point."""


class World(Protocol):
    """What is folded, and by whom."""

    @property
    def imports(self) -> Sequence[str]:
        """The modules that its processes run."""

    def worker(self, bootstrap: str, group: str, **options: Any) -> list[str]:
        """The module that is a worker of a consumer group, and its arguments."""

    def gate(self, bootstrap: str, behind: int = 0) -> list[str]:
        """The same of a gate; `behind`: it begins that many records before it should, and commits nothing."""

    def watch(self) -> Watch: ...

    def verify(self) -> list[str]:
        """What the project's own second fold finds."""

    def judge(self, *, finished: bool = True) -> Verdict: ...


@dataclass(frozen=True)
class Fault:
    """Something to do, a while after the one before."""

    gap: float
    what: str
    who: int
    seconds: float
    """How long it lasts, where it lasts: less than a session, or so long that others take over."""


def script(seed: int, number: int, faults: Mapping[str, int] = FAULTS, broker_every: int = 0) -> list[Fault]:
    """A seed's faults."""
    dice, found = random.Random(seed), []
    for index in range(1, number + 1):
        what = dice.choices(list(faults), list(faults.values()))[0]
        if broker_every and index % broker_every == 0:
            what = "kill broker"
        seconds = dice.choice((dice.uniform(0.1, 3.0), dice.uniform(4.0, 7.0)))
        found.append(Fault(dice.uniform(0.3, 1.8), what, dice.randrange(2), seconds))
    return found


@dataclass
class Options:
    """How a director goes about it."""

    seed: int = 1
    workers: int = 2
    session_seconds: float = 2.0
    checkpoint_after: float = 0.25
    standby: float = 0.0
    """The chance that the second worker starts as a standby. Somebody has to begin."""
    fence_off: float = 0.5
    """The chance that a worker does not notice that it stood still."""
    crashes: str = CRASHES
    breath_every: int = 4
    """Faults after which every shard is given time to go on."""
    environment: Mapping[str, str] = field(default_factory=dict)


@dataclass
class Story:
    """What was done, and what came of it."""

    done: Counter[str]
    ends: Counter[str]
    zombies: int
    """Processes that woke after another had taken a shard of theirs."""
    seconds: float
    surprises: list[str]
    clean: bool
    """Whether everybody left cleanly in the end."""

    @property
    def kills(self) -> int:
        return sum(number for what, number in self.ends.items() if what.startswith("killed"))


class Director:
    """One run."""

    def __init__(self, world: World, kafka: Kafka, proxy: Proxy, folder: Path, options: Options) -> None:
        self.world, self.kafka, self.proxy, self.folder, self.options = world, kafka, proxy, folder, options
        folder.mkdir(parents=True, exist_ok=True)
        self.dice = random.Random(options.seed)
        self.calm = folder / "calm"
        self.done: Counter[str] = Counter()
        self.zombies = 0
        self._began = time.monotonic()
        self.watch = world.watch()
        self.nursery = Nursery(world.imports)
        self._numbers = count(1)
        self._later: list[tuple[float, int, Callable[[], None]]] = []
        self._stopped: dict[Child, Counter[int]] = {}
        """Who stands still, and how often its shards had been taken over when it stopped."""
        self.workers = [self._worker(f"worker{number}", "group") for number in range(options.workers)]
        self.gates = [Child(self.nursery, "gate", folder, lambda: world.gate(kafka.cluster.bootstrap))]
        self.extras: list[Child] = []

    @property
    def children(self) -> Iterator[Child]:
        yield from self.workers
        yield from self.gates
        yield from self.extras

    def _worker(self, name: str, group: str) -> Child:
        options = self.options

        def command() -> Sequence[str]:
            return self.world.worker(
                self.kafka.cluster.bootstrap,
                group,
                session_seconds=options.session_seconds,
                checkpoint_after=options.checkpoint_after,
                standby=name == "worker1" and self.dice.random() < options.standby and not self.calm.exists(),
            )

        return Child(self.nursery, name, self.folder, command, self._environment)

    def _environment(self) -> Mapping[str, str]:
        found = {CALM: str(self.calm), **self.options.environment}
        if self.options.crashes:
            found[POINTS] = self.options.crashes
        if self.dice.random() < self.options.fence_off:
            found[FENCE_OFF] = "1"
        return found

    # The play ------------------------------------------------------------------------------------

    def play(self, faults: Sequence[Fault], load: Pace) -> Story:
        began = time.monotonic()
        try:
            for child in (*self.gates, *self.workers):
                child.start()
            load.start()
            self._breathe()
            for number, fault in enumerate(faults, 1):
                self._pass(fault.gap)
                self.done[fault.what] += 1
                self._tell(f"{fault.what} {fault.who} {fault.seconds:.1f}")
                getattr(self, "_" + fault.what.replace(" ", "_"))(fault)
                if number % self.options.breath_every == 0:
                    self._breathe()
            load.stop()
            clean = self._make_peace()
        finally:
            for child in self.children:
                child.kill()
            self.nursery.close()
            self.watch.close()
            load.stop()
        ends = sum((child.ends for child in [*self.workers, *self.extras]), Counter())
        ends.update({f"gate {what}": number for gate in self.gates for what, number in gate.ends.items()})
        surprises = [each for child in self.children for each in child.surprises]
        return Story(self.done, ends, self.zombies, time.monotonic() - began, surprises, clean)

    def _tell(self, what: str) -> None:
        with (self.folder / "events.txt").open("a", encoding="utf-8") as file:
            file.write(f"{time.monotonic() - self._began:6.1f} {what}\n")

    def _pass(self, seconds: float) -> None:
        """Let time pass, as a supervisor."""
        end = time.monotonic() + seconds
        while True:
            self.watch.look()
            for child in self.children:
                child.look()
                if child.stands_still() and child not in self._stopped:
                    self._note_stop(child)
                    self._at(self.dice.uniform(0.2, 7.0), partial(self._wake, child))
            while self._later and self._later[0][0] <= time.monotonic():
                heapq.heappop(self._later)[2]()
            if (left := end - time.monotonic()) <= 0:
                return
            time.sleep(min(LOOK, left))

    def _at(self, seconds: float, then: Callable[[], None]) -> None:
        heapq.heappush(self._later, (time.monotonic() + seconds, next(self._numbers), then))

    def _breathe(self) -> None:
        """Until every shard has gone on."""
        self._until(lambda: not self._later and not self._stopped, "a fault that lasts")
        before = dict(self.watch.numbers())

        def has_gone_on() -> bool:
            numbers = self.watch.numbers()
            return len(numbers) == self.watch.shards and all(
                number > before.get(shard, -1) for shard, number in numbers.items()
            )

        self._until(has_gone_on, f"shards that go on, from {before}")

    def _until(self, true: Callable[[], bool], what: str) -> None:
        """Who crashes meanwhile is waited for anew, but not for ever."""
        began = alive = time.monotonic()
        ends = self._ends()
        while not true():
            self._pass(0.1)
            lost = [child.surprises[-1] for child in self.children if child.ends["for another reason"] > MANY]
            assert not lost, f"a process does not live: {lost}"
            now = time.monotonic()
            if self._ends() > ends:
                ends, alive = self._ends(), now
            if now - alive > WITHOUT_LIFE or now - began > LONGEST:
                self._ask_why()
                raise AssertionError(f"waited {now - began:.0f} s for {what}; now {self.watch.numbers()}")
        self._tell(f"there were {what}")

    def _ends(self) -> int:
        return sum(child.ends.total() for child in self.children)

    def _ask_why(self) -> None:
        """Those that can say where they stand write it in their logs."""
        for worker in self.workers:
            worker.signal(signal.SIGUSR1)
        time.sleep(TO_SPEAK)

    def _make_peace(self) -> bool:
        """Everything is drained, everybody leaves."""
        self.calm.touch()
        self._until(lambda: not self._later and not self._stopped, "a fault that lasts")
        for child in self.extras:
            child.kill()
        self._until(self.watch.is_drained, "the fold to come to the ends of its logs")
        for child in [*self.workers, *self.gates]:
            child.end() if child in self.workers else child.kill()
        return all(worker.clean for worker in self.workers)

    # Faults --------------------------------------------------------------------------------------

    def _kill(self, fault: Fault) -> None:
        worker = self.workers[fault.who]
        self._until(lambda: worker.runs, "somebody to kill")
        worker.signal(signal.SIGKILL)

    def _term(self, fault: Fault) -> None:
        self.workers[fault.who].signal(signal.SIGTERM)

    def _kill_both(self, fault: Fault) -> None:
        for worker in self.workers:
            worker.signal(signal.SIGKILL)

    def _zombie(self, fault: Fault) -> None:
        self._stop_for(self.workers[fault.who], fault.seconds)

    def _stop_for(self, child: Child, seconds: float) -> None:
        if child.runs and child not in self._stopped:
            child.signal(signal.SIGSTOP)
            self._note_stop(child)
            self._at(seconds, partial(self._wake, child))

    def _note_stop(self, child: Child) -> None:
        self.watch.look()
        _, owned = self.watch.owned.get(child.pid, (0.0, frozenset()))
        self._stopped[child] = Counter({shard: self.watch.takeovers[shard] for shard in owned})

    def _wake(self, child: Child) -> None:
        before = self._stopped.pop(child)
        self._tell(f"wake {child.name}")
        self.watch.look()
        if child.stands_still() and any(
            self.watch.takeovers[shard] > number for shard, number in before.items()
        ):
            self.zombies += 1
        child.signal(signal.SIGCONT)

    def _rival(self, fault: Fault) -> None:
        """A worker of another group: it takes over what others own, and they take it back."""
        rival = self._worker(f"rival{next(self._numbers)}", "rivals")
        self.extras.append(rival)
        rival.start()
        rival.wanted = False
        self._at(3 + fault.seconds, rival.kill)

    def _kill_gate(self, fault: Fault) -> None:
        self.gates[0].signal(signal.SIGKILL)

    def _stop_gate(self, fault: Fault) -> None:
        self._stop_for(self.gates[0], fault.seconds)

    def _second_gate(self, fault: Fault) -> None:
        """It sends again what was sent, and what is sent by the other meanwhile."""
        behind = 20 + int(fault.seconds * 20)
        name = f"gate{next(self._numbers)}"
        gate = Child(
            self.nursery, name, self.folder, lambda: self.world.gate(self.kafka.cluster.bootstrap, behind)
        )
        self.gates.append(gate)
        gate.start()
        gate.wanted = False
        self._at(3 + fault.seconds, gate.kill)

    def _kill_broker(self, fault: Fault) -> None:
        self.kafka.kill()
        self._pass(fault.seconds / 3)
        self.kafka.spawn()
        self._until(self.kafka.is_ready, "the broker")

    def _slow(self, fault: Fault) -> None:
        self.proxy.latency = 0.05 + fault.seconds * 0.207
        self._at(3.0, self._fast)

    def _fast(self) -> None:
        self.proxy.latency = 0.0

    def _stall(self, fault: Fault) -> None:
        self.proxy.stall()
        self._at(fault.seconds / 2, self.proxy.flow)

    def _cut(self, fault: Fault) -> None:
        self.proxy.cut()
