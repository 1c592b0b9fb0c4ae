"""The killer: kill -9 of random parts of a running mesh, with a note of the work each had in hand."""

import random
import signal
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from types import TracebackType

from rig.work import Work, in_hand, in_hand_of_all

from crossdock_cli.failures import CliError
from crossdock_cli.mesh import Mesh

SERVERS = frozenset({"nats-server", "postgres"})
READY_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Blow:
    """One kill: the part, what it had in hand, and seconds until it was ready again."""

    victim: str
    work: Work
    recovery_seconds: float


@dataclass(slots=True)
class Killer:
    """Kills parts one after the other in a thread of its own, each once before any a second time."""

    mesh: Mesh
    victims: Sequence[str]
    kills: int
    seed: int
    pause_seconds: float = 1.0
    blows: list[Blow] = field(default_factory=list)
    failure: Exception | None = None
    _thread: threading.Thread | None = None

    def __enter__(self) -> "Killer":
        self._thread = threading.Thread(target=self._run, name="killer")
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        if kind is not None:
            self.kills = 0
        assert self._thread is not None
        self._thread.join()

    def _run(self) -> None:
        chance = random.Random(self.seed)
        order: list[str] = []
        try:
            while len(self.blows) < self.kills:
                order = order or chance.sample(self.victims, len(self.victims))
                time.sleep(chance.uniform(0, 2 * self.pause_seconds))
                self.blows.append(self.strike(order.pop()))
        except Exception as error:  # noqa: BLE001  the test's own thread raises it
            self.failure = error

    def strike(self, victim: str) -> Blow:
        """Kill one part while it is held, so that what it had in hand is exactly what was read; wait until it is back.

        Raises:
            CliError: it is not ready again within a minute.
        """
        restarts = self._restarts(victim)
        try:
            work = self._hold(victim)
        finally:
            self.mesh.kill(victim)
        struck = time.monotonic()
        while self._restarts(victim) == restarts:
            if time.monotonic() - struck > READY_SECONDS:
                raise CliError(f"{victim} was not started again within {READY_SECONDS:.0f} s.")
            time.sleep(0.05)
        self.mesh.wait(victim, timeout=READY_SECONDS)
        return Blow(victim, work, time.monotonic() - struck)

    def _hold(self, victim: str) -> Work:
        if victim in SERVERS:
            return in_hand_of_all(self.mesh.layout)
        self.mesh.kill(victim, signal.SIGSTOP)
        return in_hand(self.mesh.layout, victim)

    def _restarts(self, victim: str) -> int:
        part = self.mesh.state().part(victim)
        assert part is not None, victim
        return part.restarts

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
