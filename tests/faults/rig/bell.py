"""A service that tells the mesh and calls the outside for every order it hears of; run with `python -m rig.bell`."""

from typing import ClassVar, Literal

from pydantic import Field

from canonical.inventory import AllocationFailed
from canonical.orders import OrderReleased
from chassis import Effect, Service, Settings, run
from chassis.client import Http
from chassis.effect import Outcome
from chassis.testing.sample.app import NoteStore, empty, take_note


class BellSettings(Settings):
    """Where the bell is."""

    bell_url: str = Field(description="The outside system.")


class Ring(Effect):
    """Ring the bell for an order."""

    name: ClassVar[str] = "ring"
    replay: ClassVar[Literal["deduplicate", "suppress"]] = "deduplicate"

    order_id: str


async def hear(event: OrderReleased, *, notes: NoteStore) -> Outcome:
    """Note the order, tell the mesh, ring."""
    await take_note(event, notes=notes)
    order_id = event.order_id
    told = AllocationFailed(occurred_at=event.occurred_at, order_id=order_id, lines=(), reason="out-of-stock")
    return [told, Ring(lane=order_id, order_id=order_id)]


async def ring(effect: Ring, *, key: str, bell: Http) -> None:
    """Make the call."""
    await bell.request("POST", "/", json={"order_id": effect.order_id}, idempotency_key=key)


def build(settings: BellSettings) -> Service:
    """Return the service."""
    service = empty(settings)
    service.on(OrderReleased, hear, notes=NoteStore)
    service.effect(Ring, call=ring, bell=service.http(base_url=settings.bell_url, system="bell"))
    return service


if __name__ == "__main__":
    run(build, BellSettings)
