"""The group commit: every state change of a service goes through here, many messages in one transaction.

Events from the broker, calls on our HTTP interface and results of effects are all `Work`. Whatever waits is taken
together: inbox rows, the handlers' state, outbox rows and effect rows are one PostgreSQL transaction. When it fails,
it is halved until the poisoned message is alone, so that costs the others little.
"""

import asyncio
import logging
import time
from collections import deque
from collections.abc import Awaitable, Callable, Collection, Iterable, Sequence
from datetime import UTC, datetime
from itertools import chain
from typing import Any

from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from canonical import Envelope
from chassis import redo, rows
from chassis.away import is_away
from chassis.crashpoints import crash_here
from chassis.effect import Effect, Handler
from chassis.errors import Temporary
from chassis.failures.keeper import Keeper, become
from chassis.sql import transaction
from chassis.store import Store, Stores
from chassis.telemetry import Metrics
from chassis.tracing import Tracing
from chassis.work import Work, set_cause
from chassis.writer import Batch, NewEffect, Writer

log = logging.getLogger(__name__)

BATCH = 256
REDONE = 32  # of a batch with work that is done for the first time
QUEUE_LIMIT = 20_000
PAUSE_PER_WORK_SECONDS = 0.005
PAUSE_LIMIT_SECONDS = 0.025
DATABASE_RETRY = (0.1, 0.2, 0.5, 1.0, 2.0)


class Forgotten(Exception):
    """A message was dropped before its commit, because another process may have it: it is not answered."""


class Committer:
    """The only writer of a service's database."""

    def __init__(
        self,
        engine: AsyncEngine,
        writer: Writer,
        metrics: Metrics,
        tracing: Tracing,
        *,
        owner: str,
        lease: Callable[[NewEffect], float],
        on_commit: Callable[[Batch], Awaitable[None]],
    ) -> None:
        self._engine = engine
        self._writer = writer
        self._metrics = metrics
        self._tracing = tracing
        self._owner = owner
        self._lease = lease
        self._on_commit = on_commit
        self._queue: deque[Work] = deque()
        self._backlog: deque[Work] = deque()
        self._paused: set[Handler] = set()
        self._held: dict[tuple[str, str | None], list[Work]] = {}
        self._holds = True
        self._wake = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()
        self.keeper = Keeper(writer, metrics)
        self._task: asyncio.Task[None] | None = None
        self.database_away_since: datetime | None = None

    def start(self) -> None:
        """Begin committing."""
        self._task = asyncio.create_task(self._loop(), name="committer")
        self._task.add_done_callback(self._report_end)

    async def stop(self) -> None:
        """Finish what is queued (at most five seconds), then end."""
        try:
            await asyncio.wait_for(self._idle.wait(), 5)
        except TimeoutError:
            log.warning("commit_queue_left", extra={"waiting": len(self._queue)})
        if self._task:
            self._task.cancel()

    @staticmethod
    def _report_end(task: "asyncio.Task[None]") -> None:
        if not task.cancelled() and (error := task.exception()):
            log.critical("committer_ended", exc_info=error)

    async def submit(self, work: Work) -> Sequence[Envelope] | None:
        """Commit one unit of work together with whatever else waits.

        Returns:
            The published envelopes, or None when the inbox already knew the message.

        Raises:
            Temporary: the queue is full (back-pressure), or the handler said so.
            Permanent: the handler said so.
        """
        queue = self._backlog if work.redo else self._queue
        if len(queue) >= QUEUE_LIMIT:
            raise Temporary("the service has more work queued than it may hold")
        self._idle.clear()
        queue.append(work)
        self._wake.set()
        return await work.future

    async def _loop(self) -> None:
        while True:
            if not self._queue and not self._backlog:
                self._idle.set()
                self._wake.clear()
                await self._wake.wait()
            started = time.monotonic()
            if works := self._take():
                await self._settle(works)
                await asyncio.sleep(pause(len(works)) - (time.monotonic() - started))

    def _take(self) -> list[Work]:
        works = self._next(self._queue, BATCH)
        room = min(REDONE, BATCH - len(works)) if works else BATCH
        return works + self._next(self._backlog, room)

    def _next(self, queue: deque[Work], at_most: int) -> list[Work]:
        works: list[Work] = []
        while queue and len(works) < at_most:
            work = queue.popleft()
            if work.future.done():
                continue
            if work.redo is None and (work.handler in self._paused or (work.source, work.lane) in self._held):
                self._held.setdefault((work.source, work.lane), []).append(work)
                self._forget(() if self._holds else [work])
            else:
                self.keeper.put_behind(work)
                works.append(work)
        return works

    def pause(self, handlers: Collection[Handler]) -> None:
        """Have these handlers, and what stands behind them in its lane, wait until a call no longer names them."""
        self._paused = set(handlers)
        held, self._held = self._held, {}
        self._queue.extendleft(work for works in reversed(held.values()) for work in reversed(works))
        self._idle.clear()
        self._wake.set()

    def forget_lanes(self) -> None:
        """Drop what waits for its commit: it is no longer ours, or comes again from the first open message."""
        self._forget((*self._queue, *chain.from_iterable(self._held.values())))
        self._held.clear()

    def hold_no_more(self) -> None:
        """Drop what a pause holds from now on, with all that stands behind it: the process is about to end."""
        self._holds = False
        self._forget(chain.from_iterable(self._held.values()))

    async def _settle(self, works: Sequence[Work]) -> None:
        try:
            batch = await self._persist(works)
        except Exception as error:  # noqa: BLE001  the one consume boundary: every error is answered per message
            await self._settle_apart(works, error)
            return
        self._metrics.commit_size.observe(len(works))
        self.keeper.note(batch)
        await self._on_commit(batch)
        for work, envelopes in batch.published.items():
            if not work.future.done():
                work.future.set_result(envelopes)

    async def _settle_apart(self, works: Sequence[Work], error: Exception) -> None:
        if len(works) > 1:
            log.info("batch_split", extra={"size": len(works), "error": repr(error)})
            for part in redo.apart(works):
                for work in part:
                    self.keeper.put_behind(work)
                await self._settle(part)
            return
        work = works[0]
        if work.keep is None or work.letter:
            self._fail(work, error)
            return
        become(work, work.keep(error))
        await self._settle([work])

    def _forget(self, works: Iterable[Work]) -> None:
        for work in works:
            if work.lane is not None:
                self._fail(work, Forgotten("the message comes again to its owner"))

    @staticmethod
    def _fail(work: Work, error: Exception) -> None:
        if not work.future.done():
            work.future.set_exception(error)

    async def _persist(self, works: Sequence[Work]) -> Batch:
        attempt = 0
        while True:
            try:
                batch = await self._transact(works)
            except Exception as error:
                if not is_away(error):
                    raise
                self.database_away_since = self.database_away_since or datetime.now(UTC)
                log.warning("database_away", extra={"error": str(error).splitlines()[0] if str(error) else repr(error)})
                await asyncio.sleep(DATABASE_RETRY[min(attempt, len(DATABASE_RETRY) - 1)])
                attempt += 1
            else:
                self.database_away_since = None
                return batch

    async def _transact(self, works: Sequence[Work]) -> Batch:
        batch = Batch(published=dict.fromkeys(works))
        crash_here("before-transaction")
        async with transaction(self._engine) as session:
            fresh = await self._claim(session, works)
            crash_here("after-claim")
            stores = Stores(session)
            await self._warm(stores, fresh)
            for work in fresh:
                await self._run(work, stores, batch)
            await stores.flush()
            await self.keeper.write(session, works, batch)
            for new in batch.effects:
                new.lease = self._lease(new)
            await rows.add_outbox(session, batch.outbox)
            batch.outbox += await redo.add_missing(session, fresh)
            await rows.add_effects(session, batch.effects, self._owner)
            crash_here("before-commit")
        crash_here("after-commit")
        return batch

    async def _claim(self, session: AsyncSession, works: Sequence[Work]) -> list[Work]:
        """Return the works not seen before, in order; the inbox and the effect rows are the judges."""
        messages = [(work.source, work.message_id) for work in works if work.ends is None and work.letter is None]
        messages += [(work.redo.live, work.message_id) for work in works if work.redo]
        endings = [work.ends for work in works if work.ends is not None]
        claimed: set[object] = set(await rows.claim(session, messages))
        claimed.update(await rows.end_effects(session, endings))
        fresh: list[Work] = []
        for work in works:
            key = work.ends.seq if work.ends else (work.source, work.message_id)
            if work.letter and work.ends is None:
                continue
            if key in claimed:
                claimed.discard(key)
                fresh.append(work)
            else:
                self._metrics.duplicates.labels(work.source).inc()
        return fresh

    @staticmethod
    async def _warm(stores: Stores, works: Sequence[Work]) -> None:
        wanted: dict[type[Store], list[Any]] = {}
        for work in works:
            for dep in work.deps.values():
                if isinstance(dep, type) and issubclass(dep, Store) and work.message is not None:
                    wanted.setdefault(dep, []).append(work.message)
        for kind, messages in wanted.items():
            await stores.get(kind).warm(messages)

    async def _run(self, work: Work, stores: Stores, batch: Batch) -> None:
        set_cause(work.cause)
        envelopes: list[Envelope] = []
        started = self._tracing.now()
        try:
            outcome = await work.handler(*work.args, **stores.bind(work.deps)) if work.handler else ()
        except Exception as error:
            self._tracing.handled(work, started, error=error)
            raise
        cause = self._tracing.handled(work, started, outcome)
        into = work.redo.begin() if work.redo else batch
        crash_here("after-handler")
        for index, item in enumerate(outcome):
            if work.redo and not work.redo.lets(item):
                continue
            if isinstance(item, Effect):
                into.effects.append(self._writer.effect(item, cause, index))
            else:
                envelope, row = self._writer.event(item, cause, index)
                envelopes.append(envelope)
                into.outbox.append(row)
        if work.redo:
            batch.effects += work.redo.effects
        batch.published[work] = envelopes


def pause(size: int) -> float:
    """Return how many seconds after the start of a commit the next may start.

    A lone unit never waits; the busier the service, the longer the pause, and the more units share one commit.
    """
    return min(PAUSE_LIMIT_SECONDS, PAUSE_PER_WORK_SECONDS * size) if 1 < size < BATCH else 0.0
