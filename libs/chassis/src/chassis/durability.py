"""The HTTP side of the reconciler: what the streams lost of this service's events, and publishing it again."""

from typing import Any

from fastapi import APIRouter

from chassis.outbox import Relay
from chassis.reconcile import Reconciler


def routes(reconciler: Reconciler, relay: Relay) -> APIRouter:
    """Return the routes every service has."""
    router = APIRouter(prefix="/durability", include_in_schema=False)

    async def said() -> dict[str, Any]:
        return {"streams": [report.model_dump(mode="json") for report in await reconciler.report()]}

    @router.get("")
    async def show() -> dict[str, Any]:
        return await said()

    @router.post("/check")
    async def check() -> dict[str, Any]:
        await reconciler.check()
        return await said()

    @router.post("/republish")
    async def republish() -> dict[str, Any]:
        republished = await reconciler.republish()
        relay.wake()
        return {"republished": republished, **await said()}

    return router
