"""A service: what it listens to, calls, serves and does on a timer; the chassis runs it."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from importlib.resources import files
from pathlib import Path
from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel
from sqlalchemy.ext.asyncio import AsyncSession

from canonical import CanonicalEvent, Envelope, topology
from chassis import migrate
from chassis.archive import Archive, Archiver, opening
from chassis.broker import Broker
from chassis.client import Http
from chassis.clock import Clock
from chassis.commit import Committer
from chassis.consume import Subscription
from chassis.crashpoints import crash_here
from chassis.documents import Documents
from chassis.effect import Effect, EffectRoute, Handler
from chassis.effects import Runner
from chassis.errors import Temporary
from chassis.failures.office import Office
from chassis.failures.retry import Redo
from chassis.lag import LAG_SECONDS, Lag
from chassis.outbox import Relay
from chassis.ownership import Ownership
from chassis.pressure import Pressure
from chassis.reconcile import Reconciler
from chassis.replay.planner import Projection, Wired
from chassis.replay.runner import Replayer
from chassis.retention import drop_passed
from chassis.settings import Settings
from chassis.sql import engine_of
from chassis.store import S
from chassis.systems import Systems
from chassis.telemetry import Metrics
from chassis.timer import Job, repeat
from chassis.tracing import Tracing
from chassis.work import Work, root_cause
from chassis.writer import Batch, Writer

log = logging.getLogger(__name__)

ACCEPT_SECONDS = 5.0
RETENTION_SECONDS = 600.0
REPLAY_SECONDS = 1.0


class Service:
    """One domain's service. Its `app.build` says everything on one screen; nothing happens before `start`."""

    def __init__(self, name: str, settings: Settings, clock: Clock | None = None) -> None:
        self.name = name
        self.settings = settings
        self.clock = clock or Clock()
        self.metrics = Metrics()
        self.tracing = Tracing(name, settings)
        self.package = name.replace("-", "_")
        self.engine = engine_of(settings.database_url, settings.database_connections)
        self.ownership = Ownership(self.engine, on_grant=self._load_lanes, on_loss=self._forget_lanes)
        self._runners: dict[str, Runner] = {}
        self.pressure = Pressure(settings.effect_backlog_limit, self._backlogs)
        self.broker = Broker(name, settings, self.metrics, self.ownership, self.pressure.may_pull)
        self.relay = Relay(self.engine, self.metrics, denial=self.broker.denial)
        self.reconciler = Reconciler(self.engine, self.metrics, client=lambda: self.broker.client)
        self.committer = self._committer()
        self._subscriptions: dict[str, Subscription] = {}
        self._projections: dict[str, Projection] = {}
        self._policies: dict[str, str] = {}
        self.office = Office(name, settings, self.engine, self.committer, self._subscriptions)
        self.replayer = self._replayer()
        self._archiver: Archiver | None = None
        self._jobs: list[tuple[float, Job]] = [
            (RETENTION_SECONDS, self._drop_passed),
            (settings.reconcile_seconds, self.reconciler.check),
            (REPLAY_SECONDS, self.replayer.run_due),
            (LAG_SECONDS, Lag(name, settings.region, lambda: self.broker.client, self.metrics).measure),
            *self.office.jobs,
        ]
        self._tasks: list[asyncio.Task[None]] = []
        self.systems = Systems(settings, self.metrics)
        self.routers: list[APIRouter] = []
        self.started = False

    # --- wiring ---------------------------------------------------------------------------------------------------

    def on(self, event: type[CanonicalEvent], handler: Handler, **deps: Any) -> None:  # noqa: ANN401  any dependency
        """Call `handler(event, **deps)` for every event of this type; what it returns is published or made."""
        self._subscriptions[event.type] = Subscription(handler, deps)

    def once(self, event: type[CanonicalEvent], handler: Handler, **deps: Any) -> None:  # noqa: ANN401
        """Do as `on` for a handler that counts what it is told: a replay passes over the events it has handled."""
        self._subscriptions[event.type] = Subscription(handler, deps, repeatable=False)

    def archive(self, store: type[Archive]) -> Archiver:
        """Keep every event of every domain in this store, as the topology's `archives` says."""
        self._archiver = Archiver(self.engine, store, self.metrics, self.settings.region, lambda: self.broker.client)
        self.office.reader.open = opening(store)
        return self._archiver

    def projection(self, name: str, *stores: type[Documents[Any]], events: Sequence[type[CanonicalEvent]]) -> None:
        """Say that these tables follow from these events alone, so that a replay may empty and rebuild them.

        The events' handlers write nothing else and return nothing.
        """
        tables = tuple(str(store.table.__tablename__) for store in stores)
        self._projections[name] = Projection(name, tables, tuple(event.type for event in events))

    def effect(
        self,
        kind: type[Effect],
        *,
        call: Callable[..., Awaitable[Any]],
        done: Handler | None = None,
        failed: Handler | None = None,
        resume: Handler | None = None,
        concurrency: int = 16,
        batch: int | None = None,
        **deps: Any,  # noqa: ANN401  any dependency
    ) -> None:
        """Say how effects of this kind are made, and what follows success, final failure, and a person's retry."""
        route = EffectRoute(kind, call, done, failed, concurrency, batch, deps, resume)
        self.office.effects[kind.name] = route
        self._policies[kind.name] = kind.replay
        self._runners[kind.name] = Runner(
            route,
            service=self.name,
            settings=self.settings,
            engine=self.engine,
            submit=self.committer.submit,
            metrics=self.metrics,
            tracing=self.tracing,
            clock=self.clock,
        )

    def every(self, seconds: float, job: Job) -> None:
        """Run `job` again and again, this many seconds after its last end."""
        self._jobs.append((seconds, job))

    def redo(self, source: str, take_in: Redo) -> None:
        """Say how what was buried from this source, or from one that starts with it and a hyphen, is taken in again."""
        self.office.redos[source] = take_in

    def routes(self, router: APIRouter) -> None:
        """Serve this router."""
        self.routers.append(router)

    def http(self, *, base_url: str, system: str, **limits: Any) -> Http:  # noqa: ANN401  those of `Systems.http`
        """Return a client for an outside system; it is closed with the service."""
        return self.systems.http(base_url=base_url, system=system, **limits)

    @property
    def subscriptions(self) -> Mapping[str, Handler]:
        """The event types this service handles, and by what."""
        return {event_type: one.handler for event_type, one in self._subscriptions.items()}

    # --- ways in --------------------------------------------------------------------------------------------------

    async def accept(
        self,
        source: str,
        message_id: str,
        message: BaseModel,
        handler: Handler,
        **deps: Any,  # noqa: ANN401  any dependency
    ) -> Sequence[Envelope] | None:
        """Handle a message from outside the mesh durably; returns None when it had been accepted before.

        Raises:
            Temporary: it could not be stored in time; the sender should try again.
            Permanent: the handler refused it.
        """
        cause = root_cause(self.settings.region, source, message_id)
        work = Work(source, message_id, cause, message, handler, (message,), deps)
        try:
            with self.pressure.admitted():
                async with asyncio.timeout(ACCEPT_SECONDS):
                    return await self.committer.submit(work)
        except TimeoutError as error:
            raise Temporary("the message could not be stored in time") from error

    async def bury(self, source: str, message_id: str, body: Any, error: Exception) -> None:  # noqa: ANN401  any JSON
        """Keep what came from outside and could not be taken in, once; `redo` says how it is taken in again.

        Raises:
            Temporary: it could not be stored in time.
        """
        await self.office.bury(source, message_id, body, error)

    @asynccontextmanager
    async def store(self, kind: type[S]) -> AsyncIterator[S]:
        """Give a store for reading; nothing written through it is kept."""
        async with AsyncSession(self.engine, autoflush=False) as session:
            yield kind(session)

    # --- life -----------------------------------------------------------------------------------------------------

    async def start(self) -> None:
        """Migrate, connect, and begin.

        Raises:
            StartupError: the database or the broker cannot be used.
        """
        await migrate.migrate(self.engine, self._migrations())
        self.committer.start()
        await self.office.prepare()
        self._bind()
        await self.broker.connect()
        self.relay.start(self.broker.client)
        if self._archiver:
            await self._archiver.start()
        for runner in self._runners.values():
            await runner.start()
        await self.replayer.prepare()
        self.ownership.start([durable.name for durable in self._durables()])
        await self.broker.start()
        self._tasks = [asyncio.create_task(repeat(seconds, job)) for seconds, job in self._jobs]
        self.started = True

    async def stop(self) -> None:
        """Take nothing new, finish what is in hand, publish it, close."""
        self.started = False
        for task in self._tasks:
            task.cancel()
        await self.replayer.close()
        crash_here("stopping")
        self.office.close()
        await self.broker.stop()
        crash_here("stopped-pulling")
        if self._archiver:
            self._archiver.stop()
        await asyncio.gather(*(runner.stop() for runner in self._runners.values()))
        await self.committer.stop()
        await asyncio.gather(*(runner.release() for runner in self._runners.values()))
        await self.ownership.stop()
        await self.relay.stop()
        await self.broker.close()
        await self.systems.close()
        await self.engine.dispose()
        await asyncio.to_thread(self.tracing.close)

    def _committer(self) -> Committer:
        settings = self.settings
        writer = Writer(service=self.name, region=settings.region, company=settings.company, clock=self.clock)
        return Committer(
            self.engine,
            writer,
            self.metrics,
            self.tracing,
            owner=f"{self.name}-{settings.ordinal}",
            lease=lambda new: self._runners[new.effect.name].lease(),
            on_commit=self._committed,
        )

    def _replayer(self) -> Replayer:
        wired = Wired(self.name, self.settings, self._subscriptions, self._projections, self._policies)
        return Replayer(wired, self.engine, self.committer, lambda: self.broker.client, self.clock)

    def _migrations(self) -> Path:
        return Path(str(files(self.package) / "migrations"))

    def _bind(self) -> None:
        for durable in self._durables():
            consumer = self.office.consumer(durable, lambda: self.broker.client, self.metrics)
            is_event = topology.load().streams[durable.stream].domain is not None
            archiver = self._archiver if is_event else None
            handle = archiver.handling(durable, consumer.handle) if archiver else consumer.handle
            self.broker.consume(stream=durable.stream, durable=durable.name, handle=handle)

    def _durables(self) -> list[topology.Durable]:
        """Return this process's share: the partitions of its ordinal."""
        every = topology.load().every_durable(self.name, self.settings.region)
        return [one for one in every if one.partition % self.settings.replicas == self.settings.ordinal]

    async def _load_lanes(self) -> None:
        await self.office.load_lanes()

    def _forget_lanes(self) -> None:
        self.committer.forget_lanes()

    def _backlogs(self) -> list[int]:
        return [runner.backlog for runner in self._runners.values()]

    async def _committed(self, batch: Batch) -> None:
        if batch.outbox:
            self.relay.wake()
        for new in batch.effects:
            self._runners[new.effect.name].offer(new)

    async def _drop_passed(self) -> None:
        dropped = await drop_passed(self.engine, self.clock.now() - timedelta(days=self.settings.keep_days))
        if any(dropped.values()):
            log.info("rows_dropped", extra=dropped)
