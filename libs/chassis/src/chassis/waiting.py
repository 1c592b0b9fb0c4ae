"""Effects kept back because their system is to be left alone: no try is counted, they go on as it has room."""

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from chassis.dependency import Dependency
from chassis.writer import NewEffect

STEP_SECONDS = 0.1


@dataclass(slots=True)
class _Queue:
    first_tries: deque[NewEffect] = field(default_factory=deque)
    retries: deque[NewEffect] = field(default_factory=deque)


class WaitingRoom:
    """What one effect runner keeps back, by gate; `free` lets an effect's lane go again."""

    def __init__(self, free: Callable[[NewEffect], None]) -> None:
        self._free = free
        self._queues: dict[Dependency, _Queue] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def hold(self, head: NewEffect, gate: Dependency) -> None:
        """Keep an effect back until its gate has room for it."""
        if gate not in self._queues:
            self._queues[gate] = _Queue()
            task = asyncio.create_task(self._let_go(gate, self._queues[gate]))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        queue = self._queues[gate]
        (queue.retries if head.attempts else queue.first_tries).append(head)

    def close(self) -> None:
        """Let nothing go any more."""
        for task in self._tasks:
            task.cancel()

    async def _let_go(self, gate: Dependency, queue: _Queue) -> None:
        while queue.first_tries or queue.retries:
            await asyncio.sleep(max(STEP_SECONDS, gate.closed_for()))
            freed = self._free_some(queue.first_tries, gate.room(for_retries=False))
            if not (freed and gate.is_open):
                self._free_some(queue.retries, gate.room(for_retries=True))
        del self._queues[gate]

    def _free_some(self, held: deque[NewEffect], room: int) -> int:
        count = min(room, len(held))
        for _ in range(count):
            self._free(held.popleft())
        return count
