"""The sandbox's ERP alone, on a port of its own: a feed that grows as fast as wanted, and the statuses it is told."""

import asyncio
import gc
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from uvicorn import Config, Server

from chassis.local.ports import HOST, free_port

from sandbox.erp import Erp
from sandbox.world import World


class LoneErp:
    """An ERP without the rest of the world; orders are numbered from 1."""

    def __init__(self) -> None:
        self.world = World(0, {})
        self._erp = Erp(self.world)
        self.port = free_port()
        self.app = Starlette(routes=self._erp.routes())

    @property
    def url(self) -> str:
        """Its base URL."""
        return f"http://{HOST}:{self.port}/erp"

    def release(self, count: int) -> list[str]:
        """Put so many orders into the change feed and return their ids."""
        first = len(self.world.fates) + 1
        fates = [self._erp.make_order("T", number) for number in range(first, first + count)]
        for fate in fates:
            self._erp.release(fate)
        return [fate.order_id for fate in fates]

    def taken(self) -> int:
        """Return how many changes of its feed were taken in."""
        return self._erp.taken

    def told(self, order_id: str) -> list[str]:
        """Return the statuses it was told of an order, in their order."""
        return self.world.fates[order_id].statuses

    def told_at(self, status: str) -> dict[str, float]:
        """Return when it was told a status first, by order, in seconds since 1970."""
        records = [record for record in self.world.ledger.records if record.key == status]
        return {record.order_id: record.at for record in reversed(records) if record.outcome == "applied"}

    def behind(self) -> int:
        """Return of how many orders it was told nothing yet."""
        return len(self.world.fates) - len(self.world.ledger.applied)

    def doubled(self) -> int:
        """Return how many statuses were applied more than once."""
        return sum(count - 1 for effects in self.world.ledger.applied.values() for count in effects.values())

    def limited(self) -> int:
        """Return how many calls it refused as too many."""
        return sum(record.outcome == "rate_limited" for record in self.world.ledger.records)

    def busiest_second(self) -> int:
        """Return the most calls of any kind that came in any second."""
        return self.world.traffic("erp").report()["busiest_second"]


@asynccontextmanager
async def lone_erp() -> AsyncIterator[LoneErp]:
    """Serve an ERP on loopback; nothing is collected meanwhile, for calls that wait for that arrive in a bunch."""
    erp = LoneErp()
    gc.disable()
    server = Server(Config(erp.app, host=HOST, port=erp.port, log_level="error", lifespan="off"))
    task = asyncio.create_task(server.serve())
    began = time.monotonic()
    while not server.started and time.monotonic() < began + 10:  # noqa: ASYNC110  uvicorn offers no event
        await asyncio.sleep(0.01)
    yield erp
    server.should_exit = True
    await task
    await erp.world._client.close()
    gc.enable()
