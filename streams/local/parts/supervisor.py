"""Keeps the parts of an instance running: starts them, starts them again when they end, stops them in order.

Rules of this file:
- One thread looks after all parts; nothing here waits for a part without looking at the others and at Ctrl-C.
- A part that ends is started again after a pause that doubles, until it has been well for a while. One that
  has a work to do is done when it ends with code 0.
- At a stop the last part started goes first; one that does not listen is killed.
- Why a part ended is in its line: a full disk by its name. Its log says besides how the others were then.
"""

import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import Protocol

from streams.local.parts import logs
from streams.local.parts.child import is_halted
from streams.local.parts.interrupts import Interrupts
from streams.transport.kafka.cluster import ClusterError

LOOK_S = 0.05
LOOK_CLOSELY_S = 1.0
"""Between two looks at a part's log and at whether it was halted."""
SAID_LOOKS = 30
"""So many of them is a full disk the reason why a part ends; it may have been one for a moment long ago."""
PAUSE_FIRST_S = 0.2
PAUSE_MAX_S = 10.0
WELL_S = 30.0


class Part(Protocol):
    """A process that is kept running. It is asked a few times a second, in one thread: nothing may wait."""

    @property
    def name(self) -> str: ...

    @property
    def log(self) -> Path: ...

    @property
    def pid(self) -> int | None: ...

    @property
    def patience_s(self) -> float:
        """How long it may take to stop."""

    @property
    def ends(self) -> bool:
        """Whether its work is done when it ends with code 0."""

    def spawn(self) -> None:
        """Starts the process; raises OSError where that fails. Called when it does not run."""

    def exit_code(self) -> int | None:
        """None while it runs."""

    def is_ready(self) -> bool:
        """Whether it has begun its work; asked while it runs, until it says so."""

    def last_words(self) -> str:
        """Why it ended with an error, if it has said so."""

    def terminate(self) -> None:
        """Ask it to stop; nothing where it does not run."""

    def kill(self) -> None:
        """End it at once; nothing where it does not run."""


class KeptPart:
    """One part and how it is."""

    def __init__(self, part: Part, now: float, tell_end: Callable[[str], None] = lambda why: None) -> None:
        self.part = part
        self.tell_end = tell_end
        self.state = ""
        self.is_ready = False
        self.is_done = False
        self.starts = 0
        self.started = now
        self.start_at: float | None = None
        """When it is started again; None while it runs."""
        self.pause_s = PAUSE_FIRST_S
        self.said: deque[int] = deque([logs.size(part.log)], maxlen=SAID_LOOKS)
        """The length of its log in this life, at the last looks: why it ended it said behind the first."""
        self.look_closely_at = now + LOOK_CLOSELY_S
        self.halted_in: str | None = None
        """The state in which a signal halted it; None: it is not halted."""

    def start(self, now: float) -> None:
        self.starts += 1
        self.started = now
        self.start_at = None
        self.is_ready = False
        self.said = deque([logs.size(self.part.log)], maxlen=SAID_LOOKS)
        try:
            self.part.spawn()
            self._become("starting")
        except (ClusterError, OSError) as error:
            self._again(f"cannot start: {'disk full: ' if logs.is_full(error) else ''}{error}", now)

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
            self._become("done")
        elif code is not None:
            why = self._why(code)
            self.tell_end(why)
            self._again(why, now)
        elif not self.is_ready and self.part.is_ready():
            self.is_ready = True
            self._become("ready" + (f", start {self.starts}" if self.starts > 1 else ""))
        elif self.is_ready and now - self.started > WELL_S:
            self.pause_s = PAUSE_FIRST_S
        if now >= self.look_closely_at:
            self.look_closely_at = now + LOOK_CLOSELY_S
            logs.keep_small(self.part.log)
            self.said.append(logs.size(self.part.log))
            self._look_whether_halted()

    def _become(self, state: str) -> None:
        """In place of what it was, also of what it was halted in."""
        self.state, self.halted_in = state, None

    def _look_whether_halted(self) -> None:
        pid = self.part.pid
        halted = pid is not None and self.start_at is None and is_halted(pid)
        if halted and self.halted_in is None:
            self.halted_in = self.state
            self.state = f"paused by a signal (SIGSTOP); `kill -CONT {pid}` resumes it"
        elif not halted and self.halted_in is not None:
            self._become(self.halted_in)

    def _why(self, code: int) -> str:
        full = logs.full_disk(self.part.log, self.said[0])
        words = f"disk full: {full}" if full else self.part.last_words() if code > 0 else ""
        return _ended(code) + (f": {words}" if words else "")

    def _again(self, why: str, now: float) -> None:
        self.is_ready = False
        self._become(f"{why}; starts again in {self.pause_s:g} s")
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
        self.kept: list[KeptPart] = []
        self.told: list[tuple[str, str]] = []

    def start(self, parts: Iterable[Part]) -> None:
        for part in parts:
            kept = KeptPart(part, self.clock(), partial(self._note_end, part))
            self.kept.append(kept)
            kept.start(self.clock())
        self._tell()

    def adopt(self, part: Part) -> None:
        """Looks after a part that was started before and is ready."""
        kept = KeptPart(part, self.clock(), partial(self._note_end, part))
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

    def _note_end(self, part: Part, why: str) -> None:
        """In its log, with what was going on besides."""
        others = [f"{kept.part.name}: {kept.state}" for kept in self.kept if kept.part is not part]
        logs.note(part.log, "; ".join([f"{part.name} {why}", *others]))

    def _tell(self) -> None:
        states = [(kept.part.name, kept.state) for kept in self.kept]
        if states != self.told:
            self.told = states
            self.tell(states)


def _ended(code: int) -> str:
    return f"ended by signal {-code}" if code < 0 else f"ended with code {code}"
