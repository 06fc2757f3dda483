"""Keeps the parts of an instance running: starts them, starts them again when they end, stops them in order.

Rules of this file:
- One thread looks after all parts; nothing here waits for a part without looking at the others and at Ctrl-C.
- A part that ends is started again after a pause that doubles, until it has been well for a while. One that
  has a work to do is done when it ends with code 0.
- At a stop the last part started goes first; who does not listen is killed.
"""

import time
from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

from streams.local.interrupts import Interrupts
from streams.transport.cluster import ClusterError

LOOK_S = 0.05
PAUSE_FIRST_S = 0.2
PAUSE_MAX_S = 10.0
WELL_S = 30.0


class Part(Protocol):
    """A process that is kept running."""

    @property
    def name(self) -> str: ...

    @property
    def patience_s(self) -> float:
        """How long it may take to stop."""

    @property
    def ends(self) -> bool:
        """Whether its work is done when it ends with code 0."""

    def spawn(self) -> None:
        """Starts the process and does not wait."""

    def exit_code(self) -> int | None:
        """None while it runs."""

    def is_ready(self) -> bool: ...

    def last_words(self) -> str:
        """Why it ended with an error, if it has said so."""

    def terminate(self) -> None: ...

    def kill(self) -> None: ...


class Kept:
    """One part and how it is."""

    def __init__(self, part: Part, now: float) -> None:
        self.part = part
        self.state = ""
        self.is_ready = False
        self.is_done = False
        self.starts = 0
        self.started = now
        self.start_at: float | None = None
        """When it is started again; None while it runs."""
        self.pause_s = PAUSE_FIRST_S

    def start(self, now: float) -> None:
        self.starts += 1
        self.started = now
        self.start_at = None
        self.is_ready = False
        try:
            self.part.spawn()
            self.state = "starting"
        except (ClusterError, OSError) as error:
            self._again(f"cannot start: {error}", now)

    def look(self, now: float) -> None:
        """Sees what became of it and does what is due."""
        if self.is_done:
            return
        if self.start_at is not None:
            if now >= self.start_at:
                self.start(now)
            return
        code = self.part.exit_code()
        if code == 0 and self.part.ends:
            self.is_done = self.is_ready = True
            self.state = "done"
        elif code is not None:
            words = self.part.last_words() if code > 0 else ""
            self._again(_ended(code) + (f": {words}" if words else ""), now)
        elif not self.is_ready and self.part.is_ready():
            self.is_ready = True
            self.state = "ready" + (f", start {self.starts}" if self.starts > 1 else "")
        elif self.is_ready and now - self.started > WELL_S:
            self.pause_s = PAUSE_FIRST_S

    def _again(self, why: str, now: float) -> None:
        self.is_ready = False
        self.state = f"{why}; starts again in {self.pause_s:g} s"
        self.start_at = now + self.pause_s
        self.pause_s = min(PAUSE_MAX_S, 2 * self.pause_s)


class Supervisor:
    """All parts of an instance."""

    def __init__(
        self,
        interrupts: Interrupts,
        tell: Callable[[Sequence[tuple[str, str]]], None] = lambda states: None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.interrupts = interrupts
        self.tell = tell
        """Is told name and state of every part when one changes."""
        self.clock = clock
        self.sleep = sleep
        self.kept: list[Kept] = []
        self.told: list[tuple[str, str]] = []

    def start(self, parts: Iterable[Part]) -> None:
        for part in parts:
            kept = Kept(part, self.clock())
            self.kept.append(kept)
            kept.start(self.clock())
        self._tell()

    def adopt(self, part: Part) -> None:
        """Looks after a part that was started before and is ready."""
        kept = Kept(part, self.clock())
        kept.starts, kept.is_ready, kept.state = 1, True, "ready"
        self.kept.append(kept)

    @property
    def all_ready(self) -> bool:
        return all(kept.is_ready for kept in self.kept)

    @property
    def all_done(self) -> bool:
        """Whether each that has a work to do has done it."""
        return all(kept.is_done for kept in self.kept if kept.part.ends)

    def run(self, until: Callable[[], bool] = lambda: False) -> None:
        """Looks after the parts until somebody interrupts, or until the condition holds."""
        while not (self.interrupts.count or until()):
            self.look()
            self.sleep(LOOK_S)

    def look(self) -> None:
        for kept in self.kept:
            kept.look(self.clock())
        self._tell()

    def stop(self) -> None:
        """Stops every part, the last one first; a second interrupt kills what is left."""
        calm = self.interrupts.count
        for kept in reversed(self.kept):
            if kept.part.exit_code() is None:
                kept.state = "stopping"
                self._tell()
                self._end(kept.part, calm)
            kept.state = "done" if kept.is_done else "stopped"
            self._tell()

    def _end(self, part: Part, calm: int) -> None:
        part.terminate()
        end = self.clock() + part.patience_s
        while part.exit_code() is None:
            if self.clock() > end or self.interrupts.count > max(1, calm):
                part.kill()
            self.sleep(LOOK_S)

    def _tell(self) -> None:
        states = [(kept.part.name, kept.state) for kept in self.kept]
        if states != self.told:
            self.told = states
            self.tell(states)


def _ended(code: int) -> str:
    return f"ended by signal {-code}" if code < 0 else f"ended with code {code}"
