"""Deadlines on a real database: the same whatever order events came in, exact to the second, told once."""

import asyncio
import random
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import httpx
import orjson
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from canonical import Envelope
from chassis.archive import Delivered
from chassis.sql import transaction
from chassis.testing import LocalMesh, eventually

from control_tower.store import EventArchive

from ..fakes import envelope
from .test_archive import running, settings_of

HOUR = 3600.0
NAMES = "SELECT flow, after, opened_at, risk_at, due_at, met_at FROM deadline WHERE correlation_id = :order"
STAGE = "SELECT stage, stage_at, ended_at FROM journey WHERE correlation_id = :order"


async def keep(engine: AsyncEngine, events: Sequence[Envelope]) -> None:
    """Keep events in one transaction, as the archiver does."""
    async with transaction(engine) as session:
        archive = EventArchive(session)
        for one in events:
            archive.add(Delivered(one, one.model_dump_json().encode()))
        await archive.flush()


async def rows(engine: AsyncEngine, query: str, **values: Any) -> list[tuple[Any, ...]]:
    async with engine.connect() as connection:
        return sorted(tuple(row) for row in await connection.execute(text(query), values))


async def state(engine: AsyncEngine, order: str) -> object:
    known = [row for row in await rows(engine, NAMES, order=order) if row[2] or row[5]]
    return known, await rows(engine, STAGE, order=order)


def story(order: str, start: datetime) -> list[Envelope]:
    """An order held by customs twice, its delivery retracted and told anew."""

    def event(name: str, hours: float, number: int = 1, **more: Any) -> Envelope:
        return envelope(name, hours * HOUR, order=order, start=start, id=f"{order}/{name}/{number}", **more)

    retracted = event("carrier.delivered.v1", 90)
    return [
        event("order.released.v1", 0),
        event("inventory.allocated.v1", 0.001, site="DC-LYO"),
        event("warehouse.shipment-dispatched.v1", 3, site="DC-LYO"),
        event("carrier.picked-up.v1", 5),
        event("carrier.in-transit.v1", 8),
        event("carrier.customs-hold.v1", 10),
        event("carrier.customs-hold.v1", 12, 2),
        event("carrier.arrived-at-facility.v1", 40),
        event("carrier.customs-hold.v1", 50, 3),
        event("carrier.out-for-delivery.v1", 86),
        retracted,
        event("carrier.delivery-attempted.v1", 90, correctionof=retracted.id),
        event("carrier.delivered.v1", 110, 2),
        event("order.completed.v1", 111),
    ]


def batches(events: Sequence[Envelope], chance: random.Random) -> list[list[Envelope]]:
    """The same events in another order, some twice, cut into batches."""
    shuffled = [*events, *chance.sample(list(events), 3)]
    chance.shuffle(shuffled)
    cuts = sorted({0, len(shuffled), *(chance.randrange(len(shuffled)) for _ in range(chance.randrange(6)))})
    return [shuffled[begin:end] for begin, end in pairwise(cuts)]


@pytest.mark.integration
async def test_holds_and_corrections_count_in_whatever_order_and_batches_events_come(mesh: LocalMesh) -> None:
    start, chance = datetime(2026, 11, 23, 8, tzinfo=UTC), random.Random(11)
    async with running(mesh, await settings_of(mesh)) as (service, _):
        await keep(service.engine, story("SO-HELD", start))
        expected = await state(service.engine, "SO-HELD")
        for number in range(60):
            for batch in batches(story(f"SO-HELD-{number}", start), chance):
                await keep(service.engine, batch)
            assert await state(service.engine, f"SO-HELD-{number}") == expected
        due = {after: (due, met) for _, after, _, _, due, met in (expected)[0]}  # type: ignore[index]
    in_transit, met = due["carrier.in-transit.v1"]
    # Three days of carriers from Monday 16:00 UTC on; 30 and 36 hours with customs and a Sunday do not count.
    assert in_transit == start + timedelta(hours=8 + 72 + 30 + 36 + 24)
    assert met == start + timedelta(hours=86)
    assert due["carrier.out-for-delivery.v1"][1] == start + timedelta(hours=110)


@pytest.mark.integration
async def test_two_writers_of_one_order_leave_what_one_would(mesh: LocalMesh) -> None:
    start, chance = datetime(2026, 11, 23, 8, tzinfo=UTC), random.Random(12)
    async with running(mesh, await settings_of(mesh)) as (service, _):
        await keep(service.engine, story("SO-TWO", start))
        expected = await state(service.engine, "SO-TWO")
        for number in range(20):
            await asyncio.gather(
                *(keep(service.engine, one) for one in batches(story(f"SO-TWO-{number}", start), chance))
            )
            assert await state(service.engine, f"SO-TWO-{number}") == expected


@pytest.mark.integration
async def test_while_customs_holds_a_parcel_nobody_is_late(mesh: LocalMesh) -> None:
    start = datetime.now(UTC) - timedelta(days=12)
    events = story("SO-CUSTOMS", start)
    async with running(mesh, await settings_of(mesh)) as (service, web):
        await keep(service.engine, events[:7])
        held = {one["after"]: one for one in (await web.get("/api/v1/journeys/SO-CUSTOMS")).json()["deadlines"]}
        assert held["carrier.in-transit.v1"]["due_at"] is None
        late = (await web.get("/api/v1/late", params={"limit": 500})).json()
        assert [one for one in late if one["correlation_id"] == "SO-CUSTOMS" and "in-transit" in one["after"]] == []
        await asyncio.sleep(2)
        assert not [one for one in await alarms(service.engine, "SO-CUSTOMS") if "out-for-delivery" in one["step"]]
        await keep(service.engine, events[7:8])

        async def told() -> bool:
            found = [one for one in await alarms(service.engine, "SO-CUSTOMS") if "out-for-delivery" in one["step"]]
            return len(found) == 1

        await eventually(told)


async def alarms(engine: AsyncEngine, orders: str) -> list[dict[str, Any]]:
    """Every alarm the outbox holds of orders that begin so."""
    query = "SELECT payload FROM outbox"
    found = [orjson.loads(bytes(row[0])) for row in await rows(engine, query)]
    told = [{"type": one["type"], **one["data"]} for one in found if one["type"].startswith("ops.sla-")]
    return [one for one in told if one["order_id"].startswith(orders)]


@pytest.mark.integration
@pytest.mark.timeout(240)
async def test_thousands_due_in_one_second_are_told_once_although_the_tower_ends_meanwhile(mesh: LocalMesh) -> None:
    count, settings = 4_000, await settings_of(mesh)
    async with running(mesh, settings) as (service, _):
        start = datetime.now(UTC) + timedelta(seconds=4)
        orders = [f"SO-SAME-{number:05}" for number in range(count)]
        for begin in range(0, count, 1_000):
            await keep(
                service.engine,
                [envelope("order.released.v1", order=order, start=start) for order in orders[begin : begin + 1_000]],
            )

        async def some() -> bool:
            return len(await breached(service.engine)) >= 500

        await eventually(some, within_seconds=60)
    async with running(mesh, settings) as (service, _):

        async def all_of_them() -> bool:
            return len(await breached(service.engine)) >= count

        await eventually(all_of_them, within_seconds=120)
        await asyncio.sleep(2)
        told = await breached(service.engine)
        assert Counter(one["order_id"] for one in told) == Counter(orders)
        assert {datetime.fromisoformat(one["occurred_at"]) for one in told} == {start + timedelta(seconds=5)}
        at_risk = [one for one in await alarms(service.engine, "SO-SAME") if one["type"] == "ops.sla-at-risk.v1"]
        assert max(Counter(one["order_id"] for one in at_risk).values(), default=1) == 1


async def breached(engine: AsyncEngine) -> list[dict[str, Any]]:
    return [one for one in await alarms(engine, "SO-SAME") if one["type"] == "ops.sla-breached.v1"]


@pytest.mark.integration
async def test_the_board_counts_and_a_transaction_is_explained(mesh: LocalMesh) -> None:
    now = datetime.now(UTC)
    order = f"SO-BOARD-{now:%H%M%S%f}"
    async with running(mesh, await settings_of(mesh)) as (service, web):
        await keep(
            service.engine,
            [
                envelope("order.released.v1", order=order, start=now - timedelta(minutes=5)),
                envelope("order.released.v1", order=f"{order}-met", start=now - timedelta(minutes=5)),
                envelope("inventory.allocated.v1", 3, order=f"{order}-met", start=now - timedelta(minutes=5)),
            ],
        )
        group: dict[str, Any] = {}

        async def is_counted() -> bool:
            board = (await web.get("/api/v1/sla")).json()
            group.update(next(g for g in board if (g["flow"], g["process_domain"]) == ("order-to-ship", "inventory")))
            return group["breached"] >= 1 and group["day"]["in_time"] >= 1

        await eventually(is_counted)
        assert 0 < group["day"]["met_share"] < 1
        line = next(line for line in group["limits"] if line["after"] == "order.released.v1")
        assert line["day"]["seconds_p50"] > 0
        (limit,) = (await web.get(f"/api/v1/sla/{order}")).json()["limits"]
        assert (limit["state"], limit["responsible"]) == ("breached", "inventory-sync")
        why = (await web.get(f"/api/v1/why/{order}")).json()
        assert [(one["kind"], one["owner"]) for one in why["waits_for"]] == [("time limit", "inventory-sync")]
        assert "inventory-sync" in why["silent"]
        assert (await web.get("/api/v1/why/nobody")).status_code == 404


async def test_a_time_agreed_with_a_customer_counts_until_it_is_withdrawn(mesh: LocalMesh) -> None:
    now = datetime.now(UTC)
    order, customer = f"SO-AGREED-{now:%H%M%S%f}", f"C-{now:%H%M%S%f}"
    body = {"flow": "order-to-ship", "after": "order.released.v1", "within_seconds": 7200, "customer": customer}
    author = {"actor": "ada.berg", "reason": "the contract says so"}
    document = f"/api/v1/metadata/sla/{order.lower()}"

    async def due(web: httpx.AsyncClient, number: int) -> float:
        name = f"{order}-{number}"
        released = envelope("order.released.v1", order=name, start=now, data={"customer_id": customer})
        await keep(service.engine, [released])
        (limit,) = (await web.get(f"/api/v1/sla/{name}")).json()["limits"]
        return (datetime.fromisoformat(limit["due_at"]) - now).total_seconds()

    async with running(mesh, await settings_of(mesh)) as (service, web):
        assert await due(web, 1) == 5
        assert (await web.put(document, json={"body": body, **author})).is_success
        assert await due(web, 2) == 7200
        assert (await web.post(f"{document}/withdraw", json=author, headers={"if-match": "1"})).is_success
        assert await due(web, 3) == 5
