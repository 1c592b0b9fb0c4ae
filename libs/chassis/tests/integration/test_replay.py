"""Events handled again by the service that asks: what is selected, and what is never repeated."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from typing import Any

import pytest
from nats.aio.client import Client

from canonical.orders import OrderCancelled, OrderReleased
from chassis import Permanent
from chassis.effect import Outcome
from chassis.replay.selection import Wanted
from chassis.testing import LocalMesh, eventually
from chassis.testing.orders import released
from chassis.testing.sample.app import NoteStore, empty, take_note

from .replaying import (
    Outside,
    broker_state,
    cancelled,
    ended,
    listening,
    made,
    noted,
    publish,
    running,
    seen_to_end,
    times,
)

pytestmark = pytest.mark.integration


@pytest.fixture
async def outside() -> AsyncIterator[Outside]:
    """An outside system on loopback."""
    async with listening() as system:
        yield system


@pytest.fixture
async def erp(mesh: LocalMesh) -> AsyncIterator[Client]:
    """A connection that publishes orders."""
    client = await mesh.connect("order-release")
    yield client
    await client.close()


async def test_effects_are_not_repeated_and_nothing_is_published_again(
    mesh: LocalMesh, erp: Client, outside: Outside
) -> None:
    orders = [f"SO-twice-{number}" for number in range(50)]
    started = datetime.now(UTC)
    for order_id in orders:
        await publish(erp, released(order_id))
    async with running(made(await mesh.settings("inventory-sync"), outside)) as service:

        async def called() -> bool:
            return len([1 for _, order_id in outside.calls if order_id in orders]) == 100

        await eventually(called)
        await eventually(noted(service, orders))
        ends, calls = await broker_state(mesh), list(outside.calls)
        replay = await ended(service, Wanted(since=started, rate=2000))
        assert (replay.total, replay.done) == (50, 50)
        assert replay.counts.model_dump() == {
            "known": 0,
            "failed": 0,
            "published": 0,
            "repeated": 100,
            "effects": 0,
            "suppressed": 50,
        }
        await asyncio.sleep(0.3)
        assert await times(service, orders) == [2] * 50
        assert outside.calls == calls
        assert await broker_state(mesh) == ends
        assert set(Counter(key for key, _ in calls).values()) == {1}


async def test_each_criterion_selects_what_it_says(mesh: LocalMesh, erp: Client) -> None:
    service = empty(await mesh.settings("inventory-sync"))
    seen: list[tuple[str, str]] = []

    async def see(event: OrderReleased | OrderCancelled) -> Outcome:
        seen.append((type(event).type, event.order_id))
        return []

    service.on(OrderReleased, see)
    service.on(OrderCancelled, see)
    started = datetime.now(UTC)
    orders = [f"SO-pick-{number}" for number in range(6)]
    for order_id in orders[:3]:
        await publish(erp, released(order_id), "CO-early")
        await publish(erp, cancelled(order_id), "CO-early")
    await asyncio.sleep(0.05)
    middle = datetime.now(UTC)
    for order_id in orders[3:]:
        await publish(erp, released(order_id), "CO-late")

    def facts(kind: type[Any], chosen: Sequence[str]) -> set[tuple[str, str]]:
        return {(kind.type, order_id) for order_id in chosen}

    early = [(kind.type, order_id) for order_id in orders[:3] for kind in (OrderReleased, OrderCancelled)]
    everything_in_order = [*early, *((OrderReleased.type, order_id) for order_id in orders[3:])]
    everything = set(everything_in_order)
    async with running(service):

        async def all_seen() -> bool:
            return everything <= set(seen)

        await eventually(all_seen)
        for criteria, expected in (
            ({"since": started}, everything),
            ({"since": started, "until": middle}, {f for f in everything if f[1] in orders[:3]}),
            ({"since": middle}, facts(OrderReleased, orders[3:])),
            ({"since": started, "types": ("order.cancelled.v1",)}, facts(OrderCancelled, orders[:3])),
            ({"key": orders[1]}, {f for f in everything if f[1] == orders[1]}),
            ({"correlation_id": "CO-late", "types": ("order.released.v1",)}, facts(OrderReleased, orders[3:])),
            ({"event_ids": {f"order.released.v1:{orders[0]}", "another"}}, facts(OrderReleased, orders[:1])),
            ({"key": "SO-nobody"}, set()),
        ):
            wanted = Wanted(rate=5000, **criteria)
            plan = await service.replayer.planner.plan(wanted)
            seen.clear()
            replay = await ended(service, wanted)
            assert len(seen) == len(expected) == plan.total == replay.total == replay.done, criteria
            assert all(found.first_at <= found.last_at for found in plan.types)
            order = [
                seen.index((kind, orders[1]))
                for kind in ("order.released.v1", "order.cancelled.v1")
                if len(expected) == 9
            ]
            assert order == sorted(order), "what was recorded first is handled first"


async def test_what_a_mended_handler_adds_appears_once(mesh: LocalMesh, erp: Client, outside: Outside) -> None:
    settings = await mesh.settings("inventory-sync")
    orders = [f"SO-mend-{number}" for number in range(20)]
    started = datetime.now(UTC)
    for order_id in orders:
        await publish(erp, released(order_id))
    async with running(made(settings, outside, take_note)) as service:
        await eventually(noted(service, orders))
    async with running(made(settings, outside)) as service:
        before = (await broker_state(mesh))["INVENTORY"]
        counted = []
        for _ in range(2):
            replay = await ended(service, Wanted(since=started, rate=2000))
            counted.append((replay.counts.published, replay.counts.effects, replay.counts.suppressed))
        assert counted == [(20, 20, 20), (0, 0, 20)]

        async def out() -> bool:
            return (await broker_state(mesh))["INVENTORY"] == before + 20 and len(outside.calls) == 20

        await eventually(out)
        assert sorted(order_id for _, order_id in outside.calls) == sorted(orders)


async def test_a_handler_that_counts_is_passed_over_where_it_has_counted(mesh: LocalMesh, erp: Client) -> None:
    service = empty(await mesh.settings("inventory-sync"))
    is_broken = True

    async def count(event: OrderReleased, *, notes: NoteStore) -> Outcome:
        if is_broken and event.order_id == "SO-count-3":
            raise Permanent("not today", remedy="mend-it")
        return await take_note(event, notes=notes)

    service.once(OrderReleased, count, notes=NoteStore)
    started = datetime.now(UTC)
    orders = [f"SO-count-{number}" for number in range(8)]
    for order_id in orders:
        await publish(erp, released(order_id))
    async with running(service):
        await eventually(noted(service, [o for o in orders if o != "SO-count-3"]))
        is_broken = False
        replay = await ended(service, Wanted(since=started, rate=5000))
        assert (replay.done, replay.counts.known) == (8, 7)
        assert await times(service, orders) == [1] * 8


async def test_what_refuses_is_named_and_too_many_refusals_end_it(mesh: LocalMesh, erp: Client) -> None:
    service = empty(await mesh.settings("inventory-sync"))
    is_broken = False

    async def moody(event: OrderReleased, *, notes: NoteStore) -> Outcome:
        if is_broken:
            raise Permanent(f"no {event.order_id}", remedy="mend-it")
        return await take_note(event, notes=notes)

    service.on(OrderReleased, moody, notes=NoteStore)
    started = datetime.now(UTC)
    orders = [f"SO-moody-{number}" for number in range(150)]
    for order_id in orders:
        await publish(erp, released(order_id))
    async with running(service):
        await eventually(noted(service, orders))
        is_broken = True
        replay = await ended(service, Wanted(since=started, rate=200), "failed")
        assert 100 <= replay.counts.failed <= 120
        assert "no SO-moody" in str(replay.error)
        assert replay.failures[-1].type == "order.released.v1"
        is_broken = False
        await service.replayer.resume(replay.id)
        replay = await seen_to_end(service, replay.id)
        assert replay.done == 150
