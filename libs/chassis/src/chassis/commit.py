"""The group commit: every state change of a service goes through here, many messages in one transaction.

Events from the broker, calls on our HTTP interface and results of effects are all `Work`. Whatever waits is taken
together: inbox rows, the handlers' state, outbox rows and effect rows are one PostgreSQL transaction. When it fails,
each unit is tried in a transaction of its own, so one poisoned message costs the others nothing.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from canonical import Envelope
from chassis.effect import Effect
from chassis.errors import Temporary, Waits
from chassis.store import Store, Stores
from chassis.telemetry import Metrics
from chassis.work import Cause, Work, set_cause
from chassis.writer import NewEffect, OutboxRow, Writer

log = logging.getLogger(__name__)

BATCH = 256
QUEUE_LIMIT = 20_000
DATABASE_RETRY = (0.1, 0.2, 0.5, 1.0, 2.0)

CLAIM = text(
    "INSERT INTO inbox (source, message_id) "
    "SELECT * FROM unnest(CAST(:sources AS text[]), CAST(:ids AS text[])) "
    "ON CONFLICT DO NOTHING RETURNING source, message_id"
)
END_EFFECTS = text(
    "UPDATE effect e SET state = v.state, error = v.error, done_at = now() FROM "
    "unnest(CAST(:seqs AS bigint[]), CAST(:states AS text[]), CAST(:errors AS text[])) AS v(seq, state, error) "
    "WHERE e.seq = v.seq AND e.state = 'pending' RETURNING e.seq"
)
ADD_OUTBOX = text(
    "INSERT INTO outbox (event_id, stream, subject, payload) SELECT * FROM "
    "unnest(CAST(:ids AS text[]), CAST(:streams AS text[]), CAST(:subjects AS text[]), CAST(:payloads AS bytea[]))"
)
ADD_EFFECTS = text(
    "INSERT INTO effect (key, name, lane, payload, cause, owner, due_at) "
    "SELECT u.key, u.name, u.lane, CAST(u.payload AS jsonb), CAST(u.cause AS jsonb), CAST(:owner AS text), "
    "now() + make_interval(secs => u.lease) FROM "
    "unnest(CAST(:keys AS text[]), CAST(:names AS text[]), CAST(:lanes AS text[]), CAST(:payloads AS text[]), "
    "CAST(:causes AS text[]), CAST(:leases AS float[])) "
    "WITH ORDINALITY AS u(key, name, lane, payload, cause, lease, place) ORDER BY u.place "
    "ON CONFLICT (key) DO NOTHING RETURNING seq, key"
)


class DatabaseAway(Exception):
    """The database does not answer; the same transaction is tried again when it does."""


def is_away(error: BaseException) -> bool:
    """Say whether an error means the database is unreachable or restarting, not that the statement was wrong."""
    if isinstance(error, OSError | TimeoutError):
        return True
    if isinstance(error, DBAPIError):
        state = str(getattr(error.orig, "sqlstate", "") or "")
        lost = error.connection_invalidated or isinstance(error, InterfaceError)
        return lost or state[:2] in {"08", "57", "53"} or (isinstance(error, OperationalError) and not state)
    return type(error).__module__.startswith("asyncpg") and (
        str(getattr(error, "sqlstate", ""))[:2] in {"08", "57", "53"}
    )


@dataclass(slots=True)
class Batch:
    """What one transaction will write, and what each unit of work produced."""

    published: dict[Work, Sequence[Envelope] | None] = field(default_factory=dict)
    outbox: list[OutboxRow] = field(default_factory=list)
    effects: list[NewEffect] = field(default_factory=list)


class Committer:
    """The only writer of a service's database."""

    def __init__(
        self,
        engine: AsyncEngine,
        writer: Writer,
        metrics: Metrics,
        *,
        owner: str,
        lease: Callable[[NewEffect], float],
        on_commit: Callable[[Sequence[OutboxRow], Sequence[NewEffect]], Awaitable[None]],
    ) -> None:
        self._engine = engine
        self._writer = writer
        self._metrics = metrics
        self._owner = owner
        self._lease = lease
        self._on_commit = on_commit
        self._queue: deque[Work] = deque()
        self._wake = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()
        self._parked: dict[tuple[str, str], int] = {}
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
        if len(self._queue) >= QUEUE_LIMIT:
            raise Temporary("the service has more work queued than it may hold")
        self._idle.clear()
        self._queue.append(work)
        self._wake.set()
        return await work.future

    async def _loop(self) -> None:
        while True:
            if not self._queue:
                self._idle.set()
                self._wake.clear()
                await self._wake.wait()
            works = self._take()
            if works:
                await self._settle(works)

    def _take(self) -> list[Work]:
        works: list[Work] = []
        while self._queue and len(works) < BATCH:
            work = self._queue.popleft()
            if not work.future.done() and not self._waits(work):
                works.append(work)
        return works

    def _waits(self, work: Work) -> bool:
        if work.lane is None or self._parked.get((work.source, work.lane), work.order) >= work.order:
            return False
        self._fail(work, Waits("an earlier message of the same key is being tried again"))
        return True

    def unpark(self, work: Work) -> None:
        """Let a lane go on: the unit it waited for succeeded or was given up."""
        if work.lane is not None and self._parked.get((work.source, work.lane)) == work.order:
            del self._parked[work.source, work.lane]

    async def _settle(self, works: Sequence[Work]) -> None:
        try:
            batch = await self._persist(works)
        except Exception as error:  # noqa: BLE001  the one consume boundary: every error is answered per message
            if len(works) == 1:
                self._park(works[0])
                self._fail(works[0], error)
                return
            log.info("batch_split", extra={"size": len(works), "error": repr(error)})
            for work in works:
                if not self._waits(work):
                    await self._settle([work])
            return
        self._metrics.commit_size.observe(len(works))
        await self._on_commit(batch.outbox, batch.effects)
        for work, envelopes in batch.published.items():
            self.unpark(work)
            if not work.future.done():
                work.future.set_result(envelopes)

    def _park(self, work: Work) -> None:
        if work.lane is not None:
            self._parked[work.source, work.lane] = min(
                work.order, self._parked.get((work.source, work.lane), work.order)
            )

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
        async with AsyncSession(self._engine, autoflush=False, expire_on_commit=False) as session, session.begin():
            fresh = await self._claim(session, works)
            stores = Stores(session)
            await self._warm(stores, fresh)
            for work in fresh:
                await self._run(work, stores, batch)
            await stores.flush()
            await self._write(session, batch)
        return batch

    async def _claim(self, session: AsyncSession, works: Sequence[Work]) -> list[Work]:
        """Return the works not seen before, in order; the inbox and the effect rows are the judges."""
        claimed: set[Any] = set()
        messages = [work for work in works if work.ends is None]
        endings = [work.ends for work in works if work.ends is not None]
        if messages:
            keys = {"sources": [w.source for w in messages], "ids": [w.message_id for w in messages]}
            claimed.update((row.source, row.message_id) for row in await session.execute(CLAIM, keys))
        if endings:
            rows = {
                "seqs": [e.seq for e in endings],
                "states": [e.state for e in endings],
                "errors": [e.error for e in endings],
            }
            claimed.update(row.seq for row in await session.execute(END_EFFECTS, rows))
        fresh: list[Work] = []
        for work in works:
            key = work.ends.seq if work.ends else (work.source, work.message_id)
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
        outcome = await work.handler(*work.args, **stores.bind(work.deps)) if work.handler else ()
        for index, item in enumerate(outcome):
            if isinstance(item, Effect):
                batch.effects.append(self._writer.effect(item, work.cause, index))
            else:
                envelope, row = self._writer.event(item, work.cause, index)
                envelopes.append(envelope)
                batch.outbox.append(row)
        if work.letter:
            batch.outbox.append(self._writer.letter(work.letter))
        batch.published[work] = envelopes

    async def _write(self, session: AsyncSession, batch: Batch) -> None:
        if batch.outbox:
            await session.execute(
                ADD_OUTBOX,
                {
                    "ids": [row.event_id for row in batch.outbox],
                    "streams": [row.stream for row in batch.outbox],
                    "subjects": [row.subject for row in batch.outbox],
                    "payloads": [row.payload for row in batch.outbox],
                },
            )
        if batch.effects:
            await self._write_effects(session, batch.effects)

    async def _write_effects(self, session: AsyncSession, effects: Sequence[NewEffect]) -> None:
        for new in effects:
            new.lease = self._lease(new)
        parameters = {
            "keys": [e.key for e in effects],
            "names": [e.effect.name for e in effects],
            "lanes": [e.effect.lane for e in effects],
            "payloads": [e.effect.model_dump_json() for e in effects],
            "causes": [e.cause_json for e in effects],
            "owner": self._owner,
            "leases": [e.lease for e in effects],
        }
        rows = {row.key: row.seq for row in await session.execute(ADD_EFFECTS, parameters)}
        for new in effects:
            new.seq = rows.get(new.key, 0)


def root_cause(source: str, message_id: str) -> Cause:
    """Return the cause of what came from outside: its id is fixed by where it came from and its own id there."""
    return Cause(step_id=f"{source}/{message_id}")
