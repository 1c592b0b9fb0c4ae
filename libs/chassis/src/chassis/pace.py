"""The pace of calls to one outside system: never more in a second than it takes, wherever the second begins."""

import asyncio
import time
from collections import deque
from dataclasses import dataclass

TRANSIT_SECONDS = 0.1


@dataclass(slots=True)
class Slot:
    """One call's place in the window: from its start until a period after it arrived.

    When it arrived is not known, only that this was before the answer; a slow answer counts as arrived after a tenth.
    """

    arrived: float

    def end(self, now: float) -> None:
        """Say that the answer is there."""
        self.arrived = min(self.arrived, now)


class Pace:
    """Lets calls go evenly, first come first served, at most so many a second as the called system sees them."""

    def __init__(self, per_second: float) -> None:
        self._limit = max(1, int(per_second))
        self._period = self._limit / per_second if per_second < 1 else 1.0
        self._gap = self._period / self._limit
        self._next = 0.0
        self._slots: deque[Slot] = deque()
        self._turn = asyncio.Lock()

    async def slot(self) -> Slot:
        """Wait until a call may go and take its place."""
        async with self._turn:
            while (wait := self._wait(time.monotonic())) > 0:  # noqa: ASYNC110  time is what is waited for
                await asyncio.sleep(wait)
            now = time.monotonic()
            self._next = max(self._next, now - self._gap) + self._gap
            slot = Slot(now + TRANSIT_SECONDS)
            self._slots.append(slot)
            return slot

    def _wait(self, now: float) -> float:
        while self._slots and self._slots[0].arrived + self._period <= now:
            self._slots.popleft()
        full = self._slots[0].arrived + self._period - now if len(self._slots) >= self._limit else 0.0
        return max(full, self._next - now)
