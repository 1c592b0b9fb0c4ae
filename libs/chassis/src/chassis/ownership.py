"""Which durables this process may pull: one advisory lock each, in the service's own database.

Two processes that pull one durable would share out the events of a key and handle them side by side. When partitions
change hands, the new owner therefore waits until the old one has finished or its connection has ended.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from chassis.away import is_away
from chassis.ending import ended

log = logging.getLogger(__name__)

MISSING_SECONDS = 0.1
WATCH_SECONDS = 1.0

# a peer that vanished without a word keeps its locks no longer than this
KEEPALIVE = text(
    "SELECT set_config('tcp_keepalives_idle', '5', false), set_config('tcp_keepalives_interval', '2', false), "
    "set_config('tcp_keepalives_count', '3', false)"
)
LOCK = text(
    "SELECT name FROM unnest(CAST(:names AS text[])) AS name WHERE pg_try_advisory_lock(hashtextextended(name, 0))"
)


class Ownership:
    """The locks of one process, on a connection of their own; they end with it."""

    def __init__(
        self, engine: AsyncEngine, *, on_grant: Callable[[], Awaitable[None]], on_loss: Callable[[], None]
    ) -> None:
        self._on_grant = on_grant
        self._on_loss = on_loss
        self._engine = engine.execution_options(isolation_level="AUTOCOMMIT")
        self._wanted: set[str] = set()
        self._terms: dict[str, int] = {}
        self._last_term = 0
        self._changed = asyncio.Condition()
        self._task: asyncio.Task[None] | None = None

    def start(self, wanted: Collection[str]) -> None:
        """Begin to take these durables as they become free."""
        self._wanted = set(wanted)
        self._task = asyncio.create_task(self._loop(), name="ownership")

    async def stop(self) -> None:
        """Give all of them away."""
        if self._task:
            await ended(self._task)

    def term(self, name: str) -> int:
        """Return the number of our present time as the owner of a durable; 0 while it is not ours."""
        return self._terms.get(name, 0)

    async def granted(self, name: str) -> int:
        """Wait until a durable is ours and return the term."""
        async with self._changed:
            await self._changed.wait_for(lambda: name in self._terms)
        return self._terms[name]

    async def _loop(self) -> None:
        while True:
            try:
                await self._hold()
            except Exception as error:
                if not is_away(error):
                    log.exception("ownership_failed")
                log.warning("ownership_lost", extra={"durables": sorted(self._terms)})
            finally:
                self._terms.clear()
                self._on_loss()
            await asyncio.sleep(WATCH_SECONDS)

    async def _hold(self) -> None:
        async with self._engine.connect() as connection:
            try:
                await connection.execute(KEEPALIVE)
                while True:
                    missing = sorted(self._wanted - self._terms.keys())
                    await self._grant((await connection.execute(LOCK, {"names": missing})).scalars().all())
                    await asyncio.sleep(WATCH_SECONDS if self._terms.keys() == self._wanted else MISSING_SECONDS)
            finally:
                # the locks are the connection's: it must not go back to the pool with them
                await connection.invalidate()

    async def _grant(self, names: Collection[str]) -> None:
        if not names:
            return
        await self._on_grant()
        self._last_term += 1
        self._terms.update(dict.fromkeys(names, self._last_term))
        log.info("ownership_granted", extra={"durables": sorted(names), "term": self._last_term})
        async with self._changed:
            self._changed.notify_all()
