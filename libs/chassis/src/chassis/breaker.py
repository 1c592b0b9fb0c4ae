"""A circuit breaker: after failures in a row calls stop, then one probe alone says whether they go on.

A state machine without clock, tasks or chance of its own: the time is passed in, in seconds of any monotonic clock.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

FAILURES = 5
FIRST_OPEN_SECONDS = 1.0
LONGEST_OPEN_SECONDS = 30.0


class State(Enum):
    """Whether calls go: all, none, or a single probe."""

    CLOSED = 0
    HALF_OPEN = 1
    OPEN = 2


@dataclass(frozen=True, slots=True)
class Permit:
    """The right to one call; what came of it is told with it, once."""

    term: int


class Breaker:
    """Closed, open or half open; `jitter` returns a factor from 0.5 to 1 by which an open time is shortened.

    Every change of state begins a new term. What a call of an earlier term tells is of the past and changes nothing.
    """

    def __init__(self, jitter: Callable[[], float], *, failures: int = FAILURES) -> None:
        self._jitter = jitter
        self._limit = failures
        self._term = 0
        self._failed = 0
        self._opened = 0
        self._open_until = 0.0
        self._probing = False
        self.state = State.CLOSED

    def enter(self, now: float) -> Permit | None:
        """Return the right to make a call now; None while calls are not to be made."""
        if self.state is State.OPEN and now >= self._open_until:
            self._become(State.HALF_OPEN)
        if self.state is State.OPEN or self._probing:
            return None
        self._probing = self.state is State.HALF_OPEN
        return Permit(self._term)

    def closed_for(self, now: float) -> float:
        """Return how many seconds no call can be made; 0 when one may be, or when a probe is under way."""
        return max(0.0, self._open_until - now) if self.state is State.OPEN else 0.0

    def succeeded(self, permit: Permit) -> None:
        """The system answered: calls go on."""
        if permit.term != self._term:
            return
        self._failed = 0
        if self.state is State.HALF_OPEN:
            self._opened = 0
            self._become(State.CLOSED)

    def failed(self, permit: Permit, now: float) -> None:
        """The system did not answer, or said that it cannot."""
        if permit.term != self._term:
            return
        self._failed += 1
        if self.state is State.HALF_OPEN or self._failed >= self._limit:
            seconds = min(LONGEST_OPEN_SECONDS, FIRST_OPEN_SECONDS * 2.0**self._opened)
            self._open_until = now + seconds * self._jitter()
            self._opened = min(self._opened + 1, 16)
            self._become(State.OPEN)

    def abandoned(self, permit: Permit) -> None:
        """The call was given up and says nothing about the system: a probe may be made by another."""
        if permit.term == self._term:
            self._probing = False

    def _become(self, state: State) -> None:
        self.state = state
        self._term += 1
        self._failed = 0
        self._probing = False
