"""Effects in memory, in lanes: those of one lane go one after the other, lanes go side by side."""

import asyncio
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

from chassis.writer import NewEffect


@dataclass(slots=True)
class _Lane:
    waiting: deque[NewEffect] = field(default_factory=deque)
    busy: bool = False


class Lanes:
    """What one effect runner holds, by lane and in the order it was committed."""

    def __init__(self) -> None:
        self.held: set[int] = set()
        self._lanes: dict[str, _Lane] = {}
        self._ready: deque[str] = deque()
        self._wake = asyncio.Event()

    def hold(self, new: NewEffect) -> None:
        """Take an effect behind the others of its lane."""
        self.held.add(new.seq)
        lane = self._lanes.setdefault(new.effect.lane, _Lane())
        lane.waiting.append(new)
        if not lane.busy and len(lane.waiting) == 1:
            self._announce(new.effect.lane)

    async def some_ready(self) -> None:
        """Wait until a lane has an effect that may go."""
        while not self._ready:
            self._wake.clear()
            await self._wake.wait()

    def take(self, at_most: int) -> Sequence[NewEffect]:
        """Return the first effect of up to so many ready lanes; each lane rests until `release` or `free`."""
        heads: list[NewEffect] = []
        while self._ready and len(heads) < at_most:
            lane = self._lanes[self._ready.popleft()]
            if lane.waiting and not lane.busy:
                lane.busy = True
                heads.append(lane.waiting[0])
        return heads

    def release(self, head: NewEffect) -> None:
        """Let go of an effect that has ended; the next of its lane may go."""
        self._lanes[head.effect.lane].waiting.popleft()
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
        self._ready.append(name)
        self._wake.set()
