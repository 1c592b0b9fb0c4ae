"""The effect runner: calls to outside systems, made after the commit that asked for them.

A row just committed goes straight to memory under a lease, so the usual case costs no query. What did not fit in memory
is loaded when there is room, what a dead process left behind when its lease has passed; until all of that is in memory,
newer effects go by the table too, so that lanes keep their order.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict, replace
from typing import Any

from sqlalchemy.ext.asyncio import AsyncEngine

from chassis.away import is_away
from chassis.clock import Clock
from chassis.crashpoints import crash_here
from chassis.dependency import Dependency, begin_attempt
from chassis.effect import EffectRoute
from chassis.effect_table import LEASE_SECONDS, NOTE, EffectTable
from chassis.errors import Failure, NotAttempted, Permanent, Temporary
from chassis.failures.fate import BUG_TRIES, delay
from chassis.failures.letters import Letter, Origin, fingerprint
from chassis.lanes import Lanes
from chassis.settings import Settings
from chassis.telemetry import Metrics
from chassis.tracing import Tracing
from chassis.waiting import WaitingRoom
from chassis.work import Cause, EffectEnd, Work, set_cause
from chassis.writer import NewEffect

log = logging.getLogger(__name__)

MEMORY_LIMIT = 4_000
POLL_SECONDS = 1.0


class Runner:
    """Runs the effects of one kind."""

    def __init__(
        self,
        route: EffectRoute,
        *,
        service: str,
        settings: Settings,
        engine: AsyncEngine,
        submit: Callable[[Work], Awaitable[Any]],
        metrics: Metrics,
        tracing: Tracing,
        clock: Clock,
    ) -> None:
        self._route = route
        self._name = route.kind.name
        self._service, self._owner = service, f"{service}-{settings.ordinal}"
        self._engine, self._submit, self._metrics, self._clock = engine, submit, metrics, clock
        self._tracing = tracing
        self._lanes = Lanes()
        self._most = settings.effect_backlog_limit
        self._table = EffectTable(engine, self._name, self._owner)
        self._overflow = True
        self._left = 0
        self.backlog = 0
        self._slots = asyncio.Semaphore(route.concurrency)
        self._kept_back = WaitingRoom(self._lanes.free)
        self._tasks: set[asyncio.Task[None]] = set()
        self._loops: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Take back what a former life of this process held, then run."""
        await self._table.reclaim()
        self._loops = [asyncio.create_task(self._dispatch()), asyncio.create_task(self._poll())]

    async def stop(self) -> None:
        """Let running calls finish (at most ten seconds); the rest stays in the table."""
        for loop in self._loops:
            loop.cancel()
        self._kept_back.close()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=10)

    async def release(self) -> None:
        """Leave what was not made to other processes at once; after `stop`, when nothing more is committed."""
        try:
            await self._table.reclaim()
        except Exception as error:
            if not is_away(error):
                raise
            log.warning("effects_left", extra={"effect": self._name, "lease_seconds": LEASE_SECONDS})

    def lease(self) -> float:
        """Return for how long, in seconds, an effect committed now is ours alone; 0 when it stays in the table."""
        return 0.0 if self._overflow or len(self._lanes.held) >= MEMORY_LIMIT else LEASE_SECONDS

    def offer(self, new: NewEffect) -> None:
        """Take an effect that was just committed; one without a lease is loaded from the table when there is room."""
        if not new.seq or new.seq in self._lanes.held:
            return
        if new.lease:
            self._lanes.hold(new)
        else:
            self._overflow = True
            self._left += 1

    async def _poll(self) -> None:
        renewed = counted = time.monotonic()
        while True:
            try:
                await self._load()
                now = time.monotonic()
                if now - renewed > LEASE_SECONDS / 3 and self._lanes.held:
                    renewed = now
                    await self._table.renew(self._lanes.held)
                if not self._overflow:
                    self.backlog = len(self._lanes.held)
                elif now - counted > POLL_SECONDS:
                    counted = now
                    self.backlog = await self._table.count(self._most + 1)
            except Exception as error:
                if not is_away(error):
                    log.exception("effect_poll_failed", extra={"effect": self._name})
            self._metrics.effects_waiting.labels(self._name).set(self.backlog)
            await asyncio.sleep(0.05 if self._overflow and len(self._lanes.held) < MEMORY_LIMIT // 2 else POLL_SECONDS)

    async def _load(self) -> None:
        """Take what waits in the table: urgent lanes first, then fresh ones, then the oldest; each has its room."""
        held, left = self._lanes.held, self._left
        found = await self._table.load(held, room=MEMORY_LIMIT - len(held), is_backlog=self._overflow)
        if found is None:
            return
        for row in found.rows:
            effect = self._route.kind.model_validate(row.payload)
            born = row.created_at.timestamp()
            self._lanes.hold(NewEffect(effect, row.key, Cause(**row.cause), "", row.seq, row.attempts, born=born))
        # what was left in the table while we looked may be missing in what we saw
        if not found.is_more and left == self._left:
            self._overflow = False

    async def _dispatch(self) -> None:
        while True:
            await self._lanes.some_ready()
            await self._slots.acquire()
            heads = self._lanes.take(self._route.batch or 1)
            if not heads:
                self._slots.release()
                continue
            task = asyncio.create_task(self._make(heads))
            self._tasks.add(task)
            task.add_done_callback(self._made)

    def _made(self, task: "asyncio.Task[None]") -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()):
            log.critical("effect_runner_bug", exc_info=error, extra={"effect": self._name})

    async def _make(self, heads: Sequence[NewEffect]) -> None:
        started = time.perf_counter()
        attempt = begin_attempt(is_retry=any(head.attempts for head in heads))
        crash_here("before-call")
        try:
            results = await self._call(heads)
        finally:
            self._slots.release()
        if isinstance(results[0], NotAttempted) and not attempt.made:
            self._keep_back(heads, results[0].gate)
            return
        self._metrics.effect_seconds.labels(self._name).observe(time.perf_counter() - started)
        await asyncio.gather(*(self._settle(head, result) for head, result in zip(heads, results, strict=True)))

    def _keep_back(self, heads: Sequence[NewEffect], gate: Dependency) -> None:
        """Have effects wait for a system without counting a try; first ones do not wait for a budget of retries."""
        for head in heads:
            if head.attempts or gate.room(for_retries=False) == 0 or len(heads) == 1:
                self._kept_back.hold(head, gate)
            else:
                self._lanes.free(head)

    async def _call(self, heads: Sequence[NewEffect]) -> Sequence[Any]:
        try:
            with self._tracing.calls(self._name, [head.cause for head in heads]) as causes:
                for head, cause in zip(heads, causes, strict=True):
                    head.cause = cause
                set_cause(heads[0].cause)
                return await self._results(heads)
        except Exception as error:  # noqa: BLE001  answered per effect: retry, business reaction or dead letter
            return [error] * len(heads)

    async def _results(self, heads: Sequence[NewEffect]) -> Sequence[Any]:
        call, deps = self._route.call, self._route.deps_of_call
        if self._route.batch is None:
            return [await call(heads[0].effect, key=heads[0].key, **deps)]
        return list(await call([head.effect for head in heads], keys=[head.key for head in heads], **deps))

    async def _settle(self, head: NewEffect, result: Any) -> None:  # noqa: ANN401  the call's own result type
        try:
            if isinstance(result, Exception):
                await self._settle_failure(head, result)
            else:
                await self._finish(head, result)
        except Temporary as error:
            await self._again(head, error)
        except Exception as error:
            log.exception("effect_done_failed", extra={"effect": self._name, "key": head.key})
            await self._settle_failure(head, error)

    async def _finish(self, head: NewEffect, result: Any) -> None:  # noqa: ANN401
        crash_here("after-call")
        await self._submit(self._work(head, EffectEnd(head.seq, "done"), args=(head.effect, result)))
        crash_here("after-end")
        self._lanes.release(head)

    async def _settle_failure(self, head: NewEffect, error: Exception) -> None:
        kind = "temporary" if isinstance(error, Temporary) else "permanent" if isinstance(error, Permanent) else "bug"
        self._metrics.effect_failures.labels(self._name, kind).inc()
        if kind == "bug":
            log.error(
                "effect_bug", exc_info=error, extra={"effect": self._name, "key": head.key, "tries": head.attempts + 1}
            )
        if kind == "permanent" or (kind == "bug" and head.attempts + 1 >= BUG_TRIES):
            await self._give_up(head, error)
        else:
            await self._again(head, error)

    async def _give_up(self, head: NewEffect, error: Exception) -> None:
        work = self._work(head, EffectEnd(head.seq, "failed", str(error)), args=(head.effect, error), failed=True)
        work.letter = self._letter(head, error)
        try:
            await self._submit(work)
        except Failure as failure:
            await self._again(head, failure)
            return
        self._lanes.release(head)

    def _letter(self, head: NewEffect, error: Exception) -> Letter:
        origin = Origin(
            source=f"effect-{self._name}",
            id=head.key,
            headers={name: value for name, value in asdict(head.cause).items() if value is not None},
            kind=self._name,
            tries=head.attempts + 1,
            correlation_id=head.cause.correlation_id,
        )
        body, shape = head.effect.model_dump_json().encode(), fingerprint(self._service, origin.source, error)
        if isinstance(error, self._route.kind.ended_by_flow):
            return Letter(origin, body, error, shape, "resolved", outcome="the flow reacted")
        return Letter(origin, body, error, shape, "dead")

    def _work(self, head: NewEffect, ends: EffectEnd, *, args: tuple[Any, ...], failed: bool = False) -> Work:
        handler = self._route.failed if failed else self._route.done
        if failed and not isinstance(args[1], Permanent):
            handler = None
        cause = replace(head.cause, step_id=head.key)
        return Work(
            source=f"effect-{self._name}",
            message_id=head.key,
            cause=cause,
            message=head.effect,
            handler=handler,
            args=args,
            deps=self._route.deps_of(handler),
            ends=ends,
        )

    async def _again(self, head: NewEffect, error: Exception) -> None:
        head.attempts += 1
        log.info(
            "effect_retry", extra={"effect": self._name, "key": head.key, "tries": head.attempts, "error": str(error)}
        )
        try:
            async with self._engine.begin() as connection:
                await connection.execute(NOTE, {"attempts": head.attempts, "error": str(error), "seq": head.seq})
        except Exception as away:
            if not is_away(away):
                raise
        asyncio.get_running_loop().call_later(delay(error, head.attempts), self._lanes.free, head)
