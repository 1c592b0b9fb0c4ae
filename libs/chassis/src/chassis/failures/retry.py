"""Kept messages are tried again: what waits when it is due, in the order of its lane, and what a person released.

A letter being tried is leased; a process that dies leaves it to be claimed by its next life, or when the lease has
passed. What took effect before is known to the inbox, or to the effect's row, so a second try of it changes nothing.
A try that was cut off is made again alone, while nothing else is handled: only then does a further end of the process
count against the letter, and after more than three it is dead.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace

import orjson
from sqlalchemy.ext.asyncio import AsyncEngine

from chassis.commit import Committer, Forgotten
from chassis.consume import Reader
from chassis.crashpoints import crash_here
from chassis.effect import EffectRoute, Handler
from chassis.errors import Permanent, Temporary
from chassis.failures import letters
from chassis.failures.fate import BUG_TRIES, Unanswered
from chassis.failures.letters import HELD, Letter, Origin, judged, origin_of
from chassis.failures.turns import Turns
from chassis.settings import Settings
from chassis.sql import Row, fetch, transaction
from chassis.work import Cause, Work, root_cause

log = logging.getLogger(__name__)

AT_ONCE = 100
LEASE_SECONDS = 10.0
LEFT_SECONDS = 1.0
SUSPECT_TRIES = 3
"""A letter is dead that was tried alone more often than this without an end: it may be what ends the process."""
EFFECT = "effect-"

CLAIM = (
    "WITH due AS (SELECT l.id, l.state AS was FROM letter l "  # noqa: S608  a constant of ours
    "WHERE l.state IN ('waiting', 'queued', 'retrying') AND l.due_at <= now() "
    "AND coalesce(l.partition, 0) % $2::int = $3::int "
    f"AND (l.lane IS NULL OR NOT EXISTS (SELECT FROM letter WHERE {HELD} "
    "AND letter.source = l.source AND letter.lane = l.lane AND letter.id < l.id)) "
    "ORDER BY l.id LIMIT $4 FOR UPDATE OF l SKIP LOCKED) "
    "UPDATE letter SET state = 'retrying', tries = tries + 1, due_at = now() + make_interval(secs => $1::float), "
    "alone = CASE WHEN due.was = 'retrying' THEN alone ELSE 0 END, "
    "waits_since = CASE WHEN tries = 0 OR due.was = 'queued' THEN now() ELSE waits_since END, changed_at = now() "
    "FROM due WHERE letter.id = due.id RETURNING letter.*, due.was"
)
BEGIN_ALONE = "UPDATE letter SET alone = alone + 1 WHERE id = $1 RETURNING alone"
LEAVE = (
    "UPDATE letter SET state = 'waiting', tries = tries - 1, due_at = now() + make_interval(secs => $2::float) "
    "WHERE id = $1 AND state = 'retrying'"
)
RECLAIM = (
    "UPDATE letter SET due_at = now() WHERE state = 'retrying' AND due_at > now() "
    "AND coalesce(partition, 0) % $1::int = $2::int"
)
MAKE_AGAIN = (
    "WITH again AS (INSERT INTO effect (key, name, lane, payload, cause, owner, due_at) "
    "VALUES ($2::text, $3::text, $4::text, $5::text::jsonb, $6::text::jsonb, '', now()) "
    "ON CONFLICT (key) DO UPDATE SET state = 'pending', payload = excluded.payload, attempts = 0, due_at = now(), "
    "owner = '', done_at = NULL WHERE effect.state = 'failed') "
    "UPDATE letter SET due_at = NULL WHERE id = $1 AND state = 'retrying'"
)
SETTLE_MADE = (
    "UPDATE letter l SET state = 'resolved', lane = NULL, changed_at = now(), outcome = 'it took effect' FROM effect e "
    "WHERE l.state = 'retrying' AND l.due_at IS NULL AND e.key = l.origin AND l.source = 'effect-' || e.name "
    "AND e.state = 'done'"
)

Redo = Callable[[str, bytes], Awaitable[object]]
"""Takes in again, by its id and body, what came from outside the mesh; it raises what taking it in raised."""


class Retrier:
    """Tries the letters of one service again."""

    def __init__(
        self,
        service: str,
        settings: Settings,
        engine: AsyncEngine,
        committer: Committer,
        *,
        reader: Reader,
        turns: Turns,
        effects: Mapping[str, EffectRoute],
        redos: Mapping[str, Redo],
    ) -> None:
        self._service, self._settings, self._engine, self._committer = service, settings, engine, committer
        self._reader, self._ceiling, self._turns = reader, reader.ceiling, turns
        self._effects, self._redos = effects, redos

    async def reclaim(self) -> None:
        """Take back at once what a former life of this process was trying."""
        async with transaction(self._engine) as session:
            await fetch(session, RECLAIM, self._settings.replicas, self._settings.ordinal)

    async def run_due(self) -> None:
        """Try everything that is due; while the ceiling is reached one letter now and then."""
        async with transaction(self._engine) as session:
            await fetch(session, SETTLE_MADE)
        while self._ceiling.may_probe() and (rows := await self._claim()):
            async with self._turns.together():
                await asyncio.gather(*(self._retry(row) for row in rows if row["was"] != "retrying"))
            for row in rows:
                if row["was"] == "retrying":
                    async with self._turns.alone():
                        await self._retry_alone(row)

    async def _claim(self) -> Sequence[Row]:
        limit = 1 if self._ceiling.reached else AT_ONCE
        async with transaction(self._engine) as session:
            values = (LEASE_SECONDS, self._settings.replicas, self._settings.ordinal, limit)
            return await fetch(session, CLAIM, *values)

    async def _retry_alone(self, row: Row) -> None:
        """Try again what was being tried when the process ended; give up on what ended it again and again."""
        async with transaction(self._engine) as session:
            begun = (await fetch(session, BEGIN_ALONE, row["id"]))[0]["alone"]
        if begun <= SUSPECT_TRIES:
            await self._retry(row)
            return
        work = self._work(row, root_cause(self._settings.region, row["source"], row["origin"]), row["origin"], None)
        work.lane = row["lane"]
        error = Unanswered(f"tried alone {begun - 1} times without an end of it")
        work.letter = self._judged(replace(origin_of(row), tries=max(row["tries"], BUG_TRIES)), row["body"], error)
        await self._committer.submit(work)

    async def _retry(self, row: Row) -> None:
        source = str(row["source"])
        crash_here("before-retry")
        try:
            if row["stream"] is not None:
                await self._handle(row)
            elif route := self._effects.get(source.removeprefix(EFFECT)) if source.startswith(EFFECT) else None:
                await self._make(row, route)
            else:
                await self._take_in(row, self._redos.get(source) or self._redos.get(source.partition("-")[0]))
        except (Temporary, Forgotten) as error:
            log.warning("letter_left", extra={"letter": row["id"], "error": str(error)})
            async with transaction(self._engine) as session:
                await fetch(session, LEAVE, row["id"], LEFT_SECONDS)
        crash_here("after-retry")

    async def _handle(self, row: Row) -> None:
        """Give an event to its handler."""
        work = self._reader.work(row["body"], origin_of(row))
        work.settles = row["id"]
        await self._committer.submit(work)
        if work.letter is None:
            self._ceiling.succeeded()

    async def _make(self, row: Row, route: EffectRoute) -> None:
        """Have an effect made again under its idempotency key, or what it was for asked for anew."""
        effect = route.kind.model_validate_json(row["body"])
        if route.resume is None:
            cause = orjson.dumps(row["headers"]).decode()
            values = (row["origin"], route.kind.name, effect.lane, bytes(row["body"]).decode(), cause)
            async with transaction(self._engine) as session:
                await fetch(session, MAKE_AGAIN, row["id"], *values)
            return
        origin, body = origin_of(row), bytes(row["body"])
        step = f"{origin.id}:again:{origin.tries}"
        work = self._work(row, Cause(step, correlation_id=origin.correlation_id), step, route.resume)
        work.message, work.args, work.deps = effect, (effect,), route.deps_of(route.resume)
        work.keep, work.outcome = (lambda error: self._judged(origin, body, error)), "asked for anew"
        await self._committer.submit(work)

    async def _take_in(self, row: Row, redo: Redo | None) -> None:
        """Take in again what came from outside; what it raises becomes of the letter what it would have become."""
        origin, body = origin_of(row), bytes(row["body"])
        try:
            if redo is None:
                raise Permanent(f"nothing here can take in {origin.source} again", remedy="fix-service")
            await redo(origin.id, body)
        except Exception as error:
            if not isinstance(error, Permanent | Temporary):
                log.exception("redo_failed", extra={"source": origin.source, "origin": origin.id})
            work = self._work(row, root_cause(self._settings.region, origin.source, origin.id), origin.id, None)
            work.letter = self._judged(origin, body, error)
            await self._committer.submit(work)
            return
        async with transaction(self._engine) as session:
            await letters.settle(session, [(row["id"], "it took effect")])

    @staticmethod
    def _work(row: Row, cause: Cause, message_id: str, handler: Handler | None) -> Work:
        return Work(source=row["source"], message_id=message_id, cause=cause, handler=handler, settles=row["id"])

    def _judged(self, origin: Origin, body: bytes, error: Exception) -> Letter:
        return judged(self._service, origin, body, error, self._ceiling)
