"""The ceiling: when too much of what is consumed fails, the service stops instead of emptying its streams.

After a bad release every message fails. Up to the ceiling failures become dead letters; beyond it they wait, nothing
new is taken, and one waiting message at a time is tried as a probe. The first that succeeds opens the way again.
"""

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable

log = logging.getLogger(__name__)

WINDOW = 200
LIFTED_SECONDS = 600.0


class Ceiling:
    """Counts how the last messages ended: so many failures in a row, or such a share of the last 200, is too much."""

    def __init__(
        self,
        *,
        run: int,
        share: float = 0.5,
        probe_seconds: float = 30.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._run, self._share, self.probe_seconds, self._clock = run, share, probe_seconds, clock
        self._recent: deque[bool] = deque(maxlen=WINDOW)
        self._in_a_row = 0
        self._open = asyncio.Event()
        self._open.set()
        self._lifted_until = 0.0
        self._next_probe = 0.0
        self.reached = ""

    async def until_open(self) -> bool:
        """Wait until messages may be taken; false when the service stops before that."""
        await self._open.wait()
        return not self.reached

    def close(self) -> None:
        """Let what waits go: the service stops."""
        self._open.set()

    def succeeded(self) -> None:
        """Note a message that was handled."""
        self._recent.append(True)
        self._in_a_row = 0
        if self.reached:
            self._reopen("a message succeeded")

    def failed(self) -> None:
        """Note a message that failed by a fault of its own or of ours."""
        self._recent.append(False)
        self._in_a_row += 1
        if not self.reached and self._clock() >= self._lifted_until and (why := self._too_much()):
            self.reached = why
            self._next_probe = self._clock() + self.probe_seconds
            self._open.clear()
            log.critical("ceiling_reached", extra={"why": why, "action": "mend the service, or lift the ceiling"})

    @property
    def may_bury(self) -> bool:
        """Whether a message may become a dead letter now; else it waits."""
        return not self.reached

    def _too_much(self) -> str:
        if self._in_a_row >= self._run:
            return f"{self._in_a_row} messages in a row failed"
        failed = self._recent.count(False)
        if len(self._recent) == WINDOW and failed >= self._share * WINDOW:
            return f"{failed} of the last {WINDOW} messages failed"
        return ""

    def may_probe(self) -> bool:
        """Say whether a waiting message may be tried now: always while open, else one per `probe_seconds`."""
        if not self.reached:
            return True
        if self._clock() < self._next_probe:
            return False
        self._next_probe = self._clock() + self.probe_seconds
        return True

    def lift(self) -> None:
        """Let failures become dead letters for ten minutes, however many: a person says these are no bad release."""
        self._lifted_until = self._clock() + LIFTED_SECONDS
        self._reopen("it was lifted")

    def _reopen(self, why: str) -> None:
        log.warning("ceiling_left", extra={"why": why})
        self.reached = ""
        self._recent.clear()
        self._in_a_row = 0
        self._open.set()
