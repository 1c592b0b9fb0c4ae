"""The dead-letter office of a service: what it keeps, tries again, gives up on, and lets people mend."""

from typing import TYPE_CHECKING, Any

import orjson
from sqlalchemy.ext.asyncio import AsyncEngine

from chassis.commit import Committer, root_cause
from chassis.consume import Reader, Subscription
from chassis.failures.ceiling import Ceiling
from chassis.failures.letters import Origin, judged
from chassis.failures.retry import Redo, Retrier
from chassis.settings import Settings
from chassis.timer import Job
from chassis.work import Work

if TYPE_CHECKING:
    from chassis.effect import EffectRoute

LANES_SECONDS = 5.0
RETRY_SECONDS = 0.25


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
        self._service, self._engine, self._committer = service, engine, committer
        self.ceiling = Ceiling(run=settings.failures_in_a_row)
        self.reader = Reader(service, subscriptions, self.ceiling)
        self.effects: dict[str, EffectRoute] = {}
        self.redos: dict[str, Redo] = {}
        self.retrier = Retrier(
            service,
            settings,
            engine,
            committer,
            reader=self.reader,
            ceiling=self.ceiling,
            effects=self.effects,
            redos=self.redos,
        )

    @property
    def jobs(self) -> list[tuple[float, Job]]:
        """What runs on a timer: the pause after each run in seconds, and the job."""
        return [(LANES_SECONDS, self.load_lanes), (RETRY_SECONDS, self.retrier.run_due)]

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
        work = Work(source, message_id, root_cause(source, message_id))
        work.letter = judged(self._service, origin, raw, error, self.ceiling)
        await self._committer.submit(work)
