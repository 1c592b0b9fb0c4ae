"""Effects in memory, in lanes: those of one lane go one after the other, lanes go side by side.

Lanes that hold an urgent effect go first. Where the oldest lanes wait long, every second turn is that of the newest
arrival: what happens now is dealt with now, and the backlog shrinks beside it.
"""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from chassis.effect_table import FRESH_SECONDS
from chassis.writer import NewEffect

FRESH_LIMIT = 10_000


@dataclass(slots=True)
class _Lane:
    waiting: deque[NewEffect] = field(default_factory=deque)
    urgent: int = 0
    busy: bool = False


class Lanes:
    """What one effect runner holds, by lane and in the order it was committed; `now` returns seconds since 1970.

    A lane may stand in several queues, and may have gone by another: then its other places mean nothing.
    """

    def __init__(self, now: Callable[[], float] = time.time) -> None:
        self.held: set[int] = set()
        self._now = now
        self._lanes: dict[str, _Lane] = {}
        self._urgent: deque[str] = deque()
        self._ready: deque[str] = deque()
        self._fresh: deque[str] = deque(maxlen=FRESH_LIMIT)
        self._turn = 0
        self._wake = asyncio.Event()

    def hold(self, new: NewEffect) -> None:
        """Take an effect behind the others of its lane."""
        self.held.add(new.seq)
        lane = self._lanes.setdefault(new.effect.lane, _Lane())
        lane.waiting.append(new)
        lane.urgent += new.effect.is_urgent
        if not lane.busy and (len(lane.waiting) == 1 or new.effect.is_urgent):
            self._announce(new.effect.lane)

    async def some_ready(self) -> None:
        """Wait until a lane has an effect that may go."""
        while not (self._urgent or self._ready):
            self._wake.clear()
            await self._wake.wait()

    def take(self, at_most: int) -> Sequence[NewEffect]:
        """Return the first effect of up to so many ready lanes; each lane rests until `release` or `free`."""
        heads: list[NewEffect] = []
        while len(heads) < at_most and (lane := self._next()):
            lane.busy = True
            heads.append(lane.waiting[0])
        return heads

    def release(self, head: NewEffect) -> None:
        """Let go of an effect that has ended; the next of its lane may go."""
        lane = self._lanes[head.effect.lane]
        lane.waiting.popleft()
        lane.urgent -= head.effect.is_urgent
        self.held.discard(head.seq)
        self.free(head)

    def free(self, head: NewEffect) -> None:
        """Let the lane go again from its first effect."""
        name = head.effect.lane
        lane = self._lanes[name]
        lane.busy = False
        if lane.waiting:
            self._announce(name)
        else:
            del self._lanes[name]

    def _announce(self, name: str) -> None:
        lane = self._lanes[name]
        (self._urgent if lane.urgent else self._ready).append(name)
        if not lane.urgent and not self._is_old(lane):
            self._fresh.append(name)
        self._wake.set()

    def _next(self) -> _Lane | None:
        if lane := self._first(self._urgent):
            return lane
        oldest = self._first(self._ready, keep=True)
        if oldest is None:
            return None
        self._turn += 1
        if self._turn % 2 and self._is_old(oldest) and (newest := self._newest()):
            return newest
        self._ready.popleft()
        return oldest

    def _first(self, queue: deque[str], *, keep: bool = False) -> _Lane | None:
        """Return the first lane of a queue that may go; those that may not lose their place."""
        while queue:
            lane = self._idle(queue[0])
            if lane and keep:
                return lane
            queue.popleft()
            if lane:
                return lane
        return None

    def _newest(self) -> _Lane | None:
        """Return the newest arrival that may go; None when nothing fresh waits."""
        while self._fresh:
            lane = self._idle(self._fresh.pop())
            if lane and self._is_old(lane):
                self._fresh.clear()
            elif lane:
                return lane
        return None

    def _idle(self, name: str) -> _Lane | None:
        lane = self._lanes.get(name)
        return lane if lane and lane.waiting and not lane.busy else None

    def _is_old(self, lane: _Lane) -> bool:
        return self._now() - lane.waiting[0].born > FRESH_SECONDS
