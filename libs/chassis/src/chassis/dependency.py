"""One outside system as a service depends on it: its pace, its retry budget, its breaker, its wish for rest."""

import random
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import timedelta

from chassis.breaker import Breaker, Permit, State
from chassis.errors import NotAttempted, Permanent, Temporary, Throttled
from chassis.pace import Pace, Slot
from chassis.retries import RetryBudget
from chassis.telemetry import Metrics

AT_ONCE = 64
SHORTEST_WAIT_SECONDS = 1.0


@dataclass(slots=True)
class Attempt:
    """One try of an effect: whether it was tried before, and how many calls this try has made."""

    is_retry: bool
    made: int = 0


_attempt: ContextVar[Attempt | None] = ContextVar("attempt", default=None)


def begin_attempt(*, is_retry: bool) -> Attempt:
    """Make an attempt the current one of the running task; its calls are counted in it."""
    attempt = Attempt(is_retry)
    _attempt.set(attempt)
    return attempt


class Dependency:
    """The gate every call to one system goes through.

    The budget is that of effects, which alone are tried again: what a poll reads does not pay for it.
    """

    def __init__(
        self, system: str, metrics: Metrics, *, calls_per_second: float | None = None, replicas: int = 1
    ) -> None:
        self.system = system
        self._metrics = metrics
        self._pace = Pace(calls_per_second / replicas) if calls_per_second else None
        self._breaker = Breaker(lambda: random.uniform(0.5, 1.0))  # noqa: S311  spreading, not secrecy
        self._budget = RetryBudget()
        self._rest_until = 0.0

    @asynccontextmanager
    async def call(self) -> AsyncIterator[None]:
        """Surround one call; it says by the error it raises what came of it.

        Raises:
            NotAttempted: no call may be made now.
        """
        permit, slot = await self._enter()
        try:
            yield
        except (Temporary, Permanent) as error:
            self._learn(permit, error)
            raise
        except BaseException:
            self._breaker.abandoned(permit)
            raise
        else:
            self._learn(permit, None)
        finally:
            if slot:
                slot.end(time.monotonic())
            self._metrics.breaker_state.labels(self.system).set(self._breaker.state.value)

    @property
    def is_open(self) -> bool:
        """Whether the breaker keeps calls back."""
        return self._breaker.state is not State.CLOSED

    def closed_for(self) -> float:
        """Return for how many seconds no call can be made."""
        now = time.monotonic()
        return max(self._rest_until - now, self._breaker.closed_for(now), 0.0)

    def room(self, *, for_retries: bool) -> int:
        """Return how many calls that were kept back may be tried now."""
        if self.closed_for() > 0:
            return 0
        if self.is_open:
            return 1
        left = self._budget.left(time.monotonic()) if for_retries else None
        return AT_ONCE if left is None else min(left, AT_ONCE)

    async def _enter(self) -> tuple[Permit, Slot | None]:
        attempt = _attempt.get()
        is_retry = attempt is not None and attempt.is_retry and not attempt.made
        self._check(is_retry=is_retry)
        slot = await self._paced() if self._pace else None
        try:
            now = self._check(is_retry=is_retry)
            permit = self._breaker.enter(now)
            if permit is None:
                raise self._refusal("breaker", f"{self.system} is left alone until a probe has succeeded")
        except NotAttempted:
            if slot:
                slot.end(float("-inf"))
            raise
        if attempt:
            attempt.made += 1
            self._budget.note_call(now, is_retry=is_retry)
        return permit, slot

    async def _paced(self) -> Slot | None:
        began = time.monotonic()
        slot = await self._pace.slot() if self._pace else None
        self._metrics.dependency_wait_seconds.labels(self.system).observe(time.monotonic() - began)
        return slot

    def _check(self, *, is_retry: bool) -> float:
        now = time.monotonic()
        if self._rest_until > now:
            raise self._refusal("retry-after", f"{self.system} asked to be left alone")
        if self._breaker.closed_for(now) > 0:
            raise self._refusal("breaker", f"{self.system} failed and is left alone")
        if is_retry and self._budget.left(now) == 0:
            raise self._refusal("budget", f"{self.system} has had its share of retries")
        return now

    def _refusal(self, kind: str, reason: str) -> NotAttempted:
        self._metrics.dependency_refusals.labels(self.system, kind).inc()
        seconds = max(SHORTEST_WAIT_SECONDS, self.closed_for())
        return NotAttempted(reason, gate=self, retry_in=timedelta(seconds=seconds))

    def _learn(self, permit: Permit, error: Temporary | Permanent | None) -> None:
        now = time.monotonic()
        has_failed = isinstance(error, Temporary) and not isinstance(error, Throttled)
        if has_failed:
            self._breaker.failed(permit, now)
        else:
            self._breaker.succeeded(permit)
        if _attempt.get():
            self._budget.note_answer(now, ok=not isinstance(error, Temporary))
        if isinstance(error, Temporary) and error.retry_in:
            self._rest_until = max(self._rest_until, now + error.retry_in.total_seconds())
