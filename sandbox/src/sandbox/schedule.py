"""One timetable for everything that happens later."""

import asyncio
import heapq
import itertools
import logging
from collections.abc import Callable

log = logging.getLogger(__name__)


class Timetable:
    """Calls functions at their time, in order."""

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, Callable[[], None]]] = []
        self._count = itertools.count()
        self._wake = asyncio.Event()

    def after(self, seconds: float, action: Callable[[], None]) -> None:
        """Call `action` in this many seconds."""
        due = asyncio.get_running_loop().time() + seconds
        heapq.heappush(self._heap, (due, next(self._count), action))
        if self._heap[0][0] == due:
            self._wake.set()

    async def run(self) -> None:
        """Run until cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            while self._heap and self._heap[0][0] <= loop.time():
                action = heapq.heappop(self._heap)[2]
                try:
                    action()
                except Exception:
                    log.exception("a step of the world failed")
            self._wake.clear()
            wait = self._heap[0][0] - loop.time() if self._heap else 60.0
            try:
                await asyncio.wait_for(self._wake.wait(), max(0.0, wait))
            except TimeoutError:
                continue
