"""The killer: kill -9 of random parts of a running mesh, with a note of the work each had in hand."""

import random
import signal
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from types import TracebackType

from crossdock_cli.failures import CliError
from crossdock_cli.mesh import Mesh
from crossdock_cli.probe import read_part
from rig.work import Work, in_hand, in_hand_of_all

SERVERS = frozenset({"nats-server", "postgres"})
READY_SECONDS = 60.0
WATCH_SECONDS = 0.05


@dataclass(frozen=True, slots=True)
class Blow:
    """One kill: the part, what it had in hand, and seconds until it was ready again."""

    victim: str
    work: Work
    recovery_seconds: float


@dataclass(frozen=True, slots=True)
class Down:
    """A part that was killed and is not back yet."""

    work: Work
    restarts: int
    since: float


@dataclass(slots=True)
class Killer:
    """Kills parts in a thread of its own, each once before any a second time, and never one that is still down."""

    mesh: Mesh
    victims: Sequence[str]
    kills: int
    seed: int
    pause_seconds: float
    blows: list[Blow] = field(default_factory=list)
    failure: Exception | None = None
    _down: dict[str, Down] = field(default_factory=dict)
    _stopping: bool = False
    _thread: threading.Thread | None = None

    def __enter__(self) -> "Killer":
        self._thread = threading.Thread(target=self._run, name="killer")
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self._stopping = kind is not None
        assert self._thread is not None
        self._thread.join()

    def _run(self) -> None:
        try:
            self._storm()
        except Exception as error:  # noqa: BLE001  the test's own thread raises it
            self.failure = error

    def _storm(self) -> None:
        chance = random.Random(self.seed)
        struck, due, order = 0, time.monotonic(), list[str]()
        while (struck < self.kills and not self._stopping) or self._down:
            self._watch()
            order = order or chance.sample(self.victims, len(self.victims))
            if struck < self.kills and time.monotonic() >= due and self._may_strike(order[-1]):
                self._strike(order.pop())
                struck += 1
                due = time.monotonic() + chance.uniform(0, 2 * self.pause_seconds)
            time.sleep(WATCH_SECONDS)

    def _may_strike(self, victim: str) -> bool:
        """Whether a part is up, and with it the database that says what it has in hand."""
        return victim not in self._down and "postgres" not in self._down

    def _strike(self, victim: str) -> None:
        """Kill a part while it is held, so that what it had in hand is exactly what was read."""
        restarts = self.mesh.restarts(victim)
        try:
            work = self._hold(victim)
        finally:
            self.mesh.kill(victim)
        self._down[victim] = Down(work, restarts, time.monotonic())

    def _hold(self, victim: str) -> Work:
        if victim in SERVERS:
            return in_hand_of_all(self.mesh.layout)
        self.mesh.kill(victim, signal.SIGSTOP)
        return in_hand(self.mesh.layout, victim)

    def _watch(self) -> None:
        """Note who is ready again.

        Raises:
            CliError: somebody is not within a minute.
        """
        parts = {part.name: part for part in self.mesh.state().parts}
        for victim, down in list(self._down.items()):
            seconds = time.monotonic() - down.since
            if parts[victim].restarts > down.restarts and read_part(self.mesh.layout, parts[victim]).ready:
                self.blows.append(Blow(victim, down.work, seconds))
                del self._down[victim]
            elif seconds > READY_SECONDS:
                raise CliError(f"{victim} is not ready {seconds:.0f} s after its kill.")

    def assert_struck(self) -> None:
        """Fail unless every kill was made, each victim was hit, and at least three in ten had work in hand."""
        assert self.failure is None, self.failure
        assert len(self.blows) == self.kills
        assert {blow.victim for blow in self.blows} == set(self.victims) or self.kills < len(self.victims)
        assert self.in_flight >= 0.3 * self.kills, [(blow.victim, blow.work) for blow in self.blows]

    @property
    def in_flight(self) -> int:
        """How many kills hit a part that had work in hand."""
        return sum(bool(blow.work) for blow in self.blows)

    def recovery(self, quantile: float) -> float:
        """Return a quantile (0 to 1) of the seconds from a kill to ready again."""
        ordered = sorted(blow.recovery_seconds for blow in self.blows)
        return round(ordered[min(len(ordered) - 1, int(quantile * len(ordered)))], 1)
