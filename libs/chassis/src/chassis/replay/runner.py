"""Runs replays: reads their events in the order they were recorded, hands them to the service's own handlers again."""

import asyncio
import heapq
import logging
import time
import uuid
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any

from nats.aio.client import Client
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from chassis.away import is_away
from chassis.clock import Clock
from chassis.commit import Committer
from chassis.effect import Outcome
from chassis.ending import ended
from chassis.errors import Permanent, Temporary
from chassis.redo import Redo
from chassis.replay.again import Again, Item
from chassis.replay.book import ReplayBook
from chassis.replay.history import History
from chassis.replay.planner import Planner, Projection, Wired
from chassis.replay.selection import Cursor, Plan, Replay, Wanted
from chassis.store import Store
from chassis.work import Cause, Work

log = logging.getLogger(__name__)

CHUNKS_PER_SECOND = 10
CHUNK_LIMIT = 256
FAILURES_LIMIT = 100
LOOK_SECONDS = 0.5
AWAY_SECONDS = 1.0


class Failures(Exception):
    """Too many handlers refused; going on would only add to them."""


class Pace:
    """Keeps to a number of events per second, without making up for time lost."""

    def __init__(self, rate: float) -> None:
        self._rate, self._count = rate, 0
        self._began = self._due = time.monotonic()

    def note(self, count: int) -> float:
        """Count events that were handled; returns how many per second so far."""
        self._count += count
        self._due += count / self._rate
        return round(self._count / max(time.monotonic() - self._began, self._count / self._rate), 1)

    async def rest(self) -> None:
        """Sleep until the next may go."""
        now = time.monotonic()
        self._due = max(self._due, now)
        await asyncio.sleep(self._due - now)


class Replayer:
    """The replays of one service; the replica of ordinal 0 runs them, any of them plans and stops them."""

    def __init__(
        self,
        wired: Wired,
        engine: AsyncEngine,
        committer: Committer,
        connection: Callable[[], Client],
        clock: Clock,
    ) -> None:
        self._history = History(connection)
        self.planner, self.book = Planner(wired, self._history, clock), ReplayBook(engine)
        self._wired, self._committer = wired, committer
        self._again = Again(committer, wired.subscriptions)
        self._held: set[str] = set()
        self._tasks: dict[str, asyncio.Task[None]] = {}

    # --- what people ask for --------------------------------------------------------------------------------------

    async def start(self, wanted: Wanted) -> tuple[Replay, Plan]:
        """Begin a replay; it goes on until it is done, stopped, or too many handlers refuse.

        Raises:
            Permanent: it cannot be done as asked.
            Temporary: the broker does not answer.
        """
        plan = await self.planner.plan(wanted)
        if wanted.projection and self._wired.settings.replicas > 1:
            raise Permanent(
                "a projection is rebuilt by a single replica: run the service with one", remedy="correct-request"
            )
        if not plan.has_start and not wanted.accept_loss:
            raise Permanent(
                f"the streams no longer hold the first events of {wanted.projection}: rows made from those would be "
                "lost; ask with accept_loss to do it all the same",
                remedy="correct-request",
            )
        replay_id = uuid.uuid4().hex[:12]
        await self.book.add(replay_id, wanted, _cursors(plan), plan.total)
        log.info(
            "replay_started",
            extra={"replay": replay_id, "events": plan.total, "by": wanted.actor, "reason": wanted.reason},
        )
        await self.run_due()
        return await self.known(replay_id), plan

    async def stop(self, replay_id: str) -> Replay:
        """End a replay early; what was handled stays handled.

        Raises:
            Permanent: there is none, or it does not run.
        """
        if not await self.book.end(replay_id, "stopped"):
            found = await self.known(replay_id)
            raise Permanent(f"replay {replay_id} is {found.state}: there is nothing to stop", remedy="nothing-to-do")
        return await self.known(replay_id)

    async def resume(self, replay_id: str) -> Replay:
        """Have a stopped or failed replay go on from where it was.

        Raises:
            Permanent: there is none, or it cannot go on.
        """
        if not await self.book.resume(replay_id):
            found = await self.known(replay_id)
            why = "a rebuild that ended early is begun anew" if found.projection else f"it is {found.state}"
            raise Permanent(f"replay {replay_id} cannot go on: {why}", remedy="correct-request")
        await self.run_due()
        return await self.known(replay_id)

    async def known(self, replay_id: str) -> Replay:
        """Return a replay.

        Raises:
            Permanent: there is none.
        """
        found = await self.book.get(replay_id)
        if found is None:
            raise Permanent(f"there is no replay {replay_id} here", remedy="correct-request")
        return found

    # --- life -----------------------------------------------------------------------------------------------------

    async def prepare(self) -> None:
        """Keep new events from projections that are being rebuilt; before anything is consumed."""
        for replay in await self.book.running():
            self._hold(replay.projection, is_held=True)

    async def run_due(self) -> None:
        """Run what is to run and does not yet."""
        if self._wired.settings.ordinal != 0:
            return
        for replay in await self.book.running():
            if replay.id not in self._tasks or self._tasks[replay.id].done():
                self._tasks[replay.id] = asyncio.create_task(self._guard(replay), name=f"replay-{replay.id}")

    async def close(self) -> None:
        """Leave running replays where they are; the next start goes on with them."""
        await ended(*self._tasks.values())
        self._committer.hold_no_more()

    async def _guard(self, replay: Replay) -> None:
        try:
            await self._run(replay)
        except Failures as failures:
            await self._fail(replay, str(failures))
        except Exception as error:
            if isinstance(error, Temporary) or is_away(error):
                log.warning("replay_waits", extra={"replay": replay.id, "error": str(error)[:300]})
                await asyncio.sleep(AWAY_SECONDS)
                return
            log.exception("replay_broke", extra={"replay": replay.id})
            await self._fail(replay, repr(error)[:500])
        self._hold(replay.projection, is_held=False)
        log.info("replay_ended", extra={"replay": replay.id, "done": replay.done, "of": replay.total})

    async def _fail(self, replay: Replay, error: str) -> None:
        await self.book.end(replay.id, "failed", error)
        log.warning("replay_failed", extra={"replay": replay.id, "error": error})

    def _hold(self, projection: str | None, *, is_held: bool) -> None:
        """Have new events wait while the tables they change are being rebuilt."""
        if projection is None or projection not in self._wired.projections:
            return
        self._held.add(projection) if is_held else self._held.discard(projection)
        types = {event_type for name in self._held for event_type in self._wired.projections[name].events}
        self._committer.pause({self._wired.subscriptions[event_type].handler for event_type in types})

    # --- running --------------------------------------------------------------------------------------------------

    async def _run(self, replay: Replay) -> None:
        self._hold(replay.projection, is_held=True)
        if replay.projection and replay.emptied_at is None:
            await self._empty(replay, self._wired.projections[replay.projection])
        pace, limit = Pace(replay.request.rate), replay.counts.failed + FAILURES_LIMIT
        async for chunk in self._chunks(replay):
            replay.counts += await self._again.handle(replay, chunk)
            replay.done += len(chunk)
            replay.per_second = pace.note(len(chunk))
            for item in chunk:
                replay.cursors[item.type].next = item.stored.sequence + 1
            if not await self.book.advance(replay):
                return
            if replay.counts.failed >= limit:
                raise Failures(f"{replay.counts.failed} events failed, the last: {replay.failures[-1].error}")
            await pace.rest()
        await self.book.end(replay.id, "done")

    async def _empty(self, replay: Replay, projection: Projection) -> None:
        """Empty the tables, once; what the streams hold by then is what is handled again."""

        async def empty(*, store: Store) -> Outcome:
            await store.session.execute(text(f"TRUNCATE {', '.join(projection.tables)}"))
            return []

        source = f"replay-{replay.id}"
        work = Work(source, "empty", Cause(source), handler=empty, deps={"store": Store}, redo=Redo(source, "rebuild"))
        await self._committer.submit(work)
        plan = await self.planner.plan(replay.request)
        replay.cursors, replay.total = _cursors(plan), plan.total
        await self.book.begin_rebuild(replay.id, replay.cursors, replay.total)

    async def _chunks(self, replay: Replay) -> AsyncIterator[list[Item]]:
        """Yield the events that are left, as they were recorded, in bites of a tenth of a second."""
        size = max(1, min(CHUNK_LIMIT, round(replay.request.rate / CHUNKS_PER_SECOND)))
        chunk: list[Item] = []
        looked = time.monotonic()
        async for item in self._merged(replay.cursors):
            if replay.request.takes(item.stored.data):
                chunk.append(item)
            if len(chunk) >= size:
                yield chunk
                chunk, looked = [], time.monotonic()
            elif time.monotonic() - looked > LOOK_SECONDS:
                looked = time.monotonic()
                if not await self.book.is_running(replay.id):
                    return
        if chunk:
            yield chunk

    async def _merged(self, cursors: Mapping[str, Cursor]) -> AsyncIterator[Item]:
        """Yield the events of several types as they were recorded: what follows from an event comes after it."""
        reads = {
            name: self._history.read(cursor.stream, self.planner.subject(name), cursor.next, cursor.last)
            for name, cursor in cursors.items()
        }
        heads: list[tuple[Any, str, int, Item]] = []

        async def take(name: str) -> None:
            if stored := await anext(reads[name], None):
                heapq.heappush(heads, (stored.at, stored.stream, stored.sequence, Item(name, stored)))

        for name in reads:
            await take(name)
        while heads:
            *_, item = heapq.heappop(heads)
            yield item
            await take(item.type)


def _cursors(plan: Plan) -> dict[str, Cursor]:
    return {found.type: Cursor(stream=found.stream, next=found.next, last=found.last) for found in plan.types}
