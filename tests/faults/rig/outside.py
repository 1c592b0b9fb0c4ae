"""The outside system: a real HTTP server that logs every call with its idempotency key."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiohttp import web

from chassis.local.ports import HOST


@dataclass(frozen=True, slots=True)
class Call:
    """One call as it came."""

    order_id: str
    version: str
    key: str


@dataclass(slots=True)
class Outside:
    """What was called, in the order of arrival; calls for the orders in `refuses` are refused and not counted."""

    calls: list[Call] = field(default_factory=list)
    refuses: set[str] = field(default_factory=set)
    url: str = ""

    async def _ring(self, request: web.Request) -> web.Response:
        told = await request.json()
        if told["order_id"] in self.refuses:
            return web.json_response({"detail": "the bell is jammed"}, status=422)
        self.calls.append(Call(told["order_id"], told["version"], request.headers.get("idempotency-key", "")))
        return web.json_response({})


@asynccontextmanager
async def outside() -> AsyncIterator[Outside]:
    """Serve the outside system on loopback."""
    system = Outside()
    app = web.Application()
    app.router.add_post("/ring", system._ring)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, HOST, 0)
    await site.start()
    system.url = f"http://{HOST}:{runner.addresses[0][1]}"
    yield system
    await runner.cleanup()
