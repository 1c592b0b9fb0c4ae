"""The dead-letter office of a service: what it keeps, tries again, gives up on, and lets people mend."""

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import orjson
from nats.aio.client import Client
from sqlalchemy.ext.asyncio import AsyncEngine

from canonical import topology
from canonical.topology import REDIRECTS, Durable
from chassis.commit import Committer
from chassis.consume import Consumer, Read, Reader, Subscription
from chassis.failures.acts import Acts
from chassis.failures.book import Book
from chassis.failures.ceiling import Ceiling
from chassis.failures.letters import Origin, judged
from chassis.failures.lives import Lives
from chassis.failures.retry import Redo, Retrier
from chassis.failures.strays import reading_given_up, reading_redirected
from chassis.failures.turns import Turns
from chassis.settings import Settings
from chassis.telemetry import Metrics
from chassis.timer import Job
from chassis.work import Work, root_cause

ADVISORY_STREAM = "ADVISORY"

if TYPE_CHECKING:
    from chassis.effect import EffectRoute

log = logging.getLogger(__name__)

LANES_SECONDS = 5.0
RETRY_SECONDS = 0.25
ACTS_SECONDS = 0.5


class Office:
    """Wires the parts of one service's failure handling."""

    def __init__(
        self,
        service: str,
        settings: Settings,
        engine: AsyncEngine,
        committer: Committer,
        subscriptions: dict[str, Subscription],
    ) -> None:
        self._service, self._settings, self._engine, self._committer = service, settings, engine, committer
        self.acts = Acts(service, settings.region, engine)
        self.ceiling = Ceiling(run=settings.failures_in_a_row)
        self._turns = Turns()
        self.reader = Reader(service, subscriptions, self.ceiling)
        self.effects: dict[str, EffectRoute] = {}
        self.redos: dict[str, Redo] = {}
        self.book = Book(engine, subscriptions, self.effects)
        self.retrier = Retrier(
            service,
            settings,
            engine,
            committer,
            reader=self.reader,
            turns=self._turns,
            effects=self.effects,
            redos=self.redos,
        )

    @property
    def jobs(self) -> list[tuple[float, Job]]:
        """What runs on a timer: the pause after each run in seconds, and the job."""
        return [
            (LANES_SECONDS, self.load_lanes),
            (RETRY_SECONDS, self.retrier.run_due),
            (ACTS_SECONDS, self.acts.run_due),
        ]

    def consumer(self, durable: Durable, client: Callable[[], Client], metrics: Metrics) -> Consumer:
        """Return what handles a durable's deliveries."""
        read, lives = self._reading(durable, client), Lives(self._engine, durable.name)
        return Consumer(
            durable.domain, read, self._committer, self.ceiling, turns=self._turns, lives=lives, metrics=metrics
        )

    def _reading(self, durable: Durable, client: Callable[[], Client]) -> Read:
        if durable.stream == REDIRECTS:
            return reading_redirected(self.reader)
        if durable.stream == ADVISORY_STREAM:
            durables = topology.load().durables(self._service, self._settings.region)
            return reading_given_up(self.reader, durables, client)
        return self.reader.reading(durable)

    def close(self) -> None:
        """Give back what waits for the ceiling: the service stops."""
        self.ceiling.close()

    def lift(self, actor: str, reason: str) -> str:
        """Lift the ceiling for a while; returns why it was reached, empty when it was not."""
        was = self.ceiling.reached
        log.warning("ceiling_lifted", extra={"actor": actor, "reason": reason, "was": was})
        self.ceiling.lift()
        return was

    async def prepare(self) -> None:
        """Take up what a former life of this process left; before anything is consumed."""
        await self.retrier.reclaim()
        await self.load_lanes()

    async def load_lanes(self) -> None:
        """Learn which lanes have a letter that waits."""
        await self._committer.keeper.load(self._engine)

    async def bury(self, source: str, message_id: str, body: Any, error: Exception) -> None:  # noqa: ANN401  any JSON
        """Keep what came from outside and could not be taken in, once: tried again if that can help, else dead.

        Raises:
            Temporary: it could not be stored in time.
        """
        origin = Origin(source=source, id=message_id)
        raw = body if isinstance(body, bytes) else orjson.dumps(body, default=str)
        work = Work(source, message_id, root_cause(self._settings.region, source, message_id))
        work.letter = judged(self._service, origin, raw, error, self.ceiling)
        await self._committer.submit(work)
