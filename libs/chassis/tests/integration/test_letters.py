"""Letters: a key keeps its order behind one that waits, effects are made again, a bad release stops the service."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import httpx
import pytest
from nats.aio.client import Client
from sqlalchemy import text

from canonical.orders import OrderCancelled, OrderReleased
from chassis import Service, Temporary
from chassis.effect import Outcome
from chassis.failures.selection import Selection, Wish
from chassis.host import STOP_SECONDS, make_app
from chassis.readiness import unready
from chassis.testing import LocalMesh, eventually
from chassis.testing.orders import released
from chassis.testing.sample.app import Note, NoteStore, empty, take_note

from .replaying import Outside, cancelled, listening, made, noted, publish, running, times

pytestmark = pytest.mark.integration

STATES = text("SELECT correlation_id, kind, state FROM letter ORDER BY id")

CUT_OFF = text("UPDATE letter SET state = 'retrying', tries = 12, due_at = now()")


@pytest.fixture
async def erp(mesh: LocalMesh) -> AsyncIterator[Client]:
    client = await mesh.connect("order-release")
    yield client
    await client.close()


@pytest.fixture
async def outside() -> AsyncIterator[Outside]:
    async with listening() as system:
        yield system


class Warehouse:
    """Whether it is open; what comes for a closed one has to wait."""

    def __init__(self) -> None:
        self.is_open = False

    async def release(self, event: OrderReleased, *, notes: NoteStore) -> Outcome:
        if not self.is_open and event.order_id.startswith("SO-held"):
            raise Temporary("the warehouse is closed", retry_in=timedelta(seconds=0.2))
        return await self._note(event.order_id, "released", notes)

    async def cancel(self, event: OrderCancelled, *, notes: NoteStore) -> Outcome:
        return await self._note(event.order_id, "cancelled", notes)

    @staticmethod
    async def _note(order_id: str, what: str, notes: NoteStore) -> Outcome:
        note = await notes.get(order_id) or Note(order_id=order_id)
        note.times += 1
        note.versions.append(what)
        notes.put(order_id, note)
        return []


def served(settings: Any, warehouse: Warehouse) -> Service:
    service = empty(settings)
    service.on(OrderReleased, warehouse.release, notes=NoteStore)
    service.on(OrderCancelled, warehouse.cancel, notes=NoteStore)
    return service


async def states(service: Service, order_id: str) -> list[tuple[str, str]]:
    async with service.engine.connect() as connection:
        rows = (await connection.execute(STATES)).all()
    return [(row.kind.split(".")[1], row.state) for row in rows if row.correlation_id == order_id]


async def test_a_key_keeps_its_order_behind_a_message_that_waits_across_a_restart(mesh: LocalMesh, erp: Client) -> None:
    warehouse, settings = Warehouse(), await mesh.settings("inventory-sync")
    for order_id in ("SO-held", "SO-free"):
        await publish(erp, released(order_id))
        await publish(erp, cancelled(order_id))
    async with running(served(settings, warehouse)) as service:
        await eventually(noted(service, ["SO-free"], 2))

        async def both_wait() -> bool:
            return len(await states(service, "SO-held")) == 2

        await eventually(both_wait)
        assert [kind for kind, _ in await states(service, "SO-held")] == ["released", "cancelled"]
        assert await times(service, ["SO-held"]) == [0]
    warehouse.is_open = True
    async with running(served(settings, warehouse)) as service:
        await eventually(noted(service, ["SO-held"], 2))
        async with service.store(NoteStore) as notes:
            note = await notes.read("SO-held")
        assert note
        assert note.versions == ["released", "cancelled"]
        assert {state for _, state in await states(service, "SO-held")} == {"resolved"}


async def test_a_try_that_was_cut_off_accuses_no_letter_that_waited_long(mesh: LocalMesh, erp: Client) -> None:
    warehouse, settings = Warehouse(), await mesh.settings("inventory-sync")
    await publish(erp, released("SO-held-cut"))
    async with running(served(settings, warehouse)) as service:

        async def waits() -> bool:
            return bool(await states(service, "SO-held-cut"))

        await eventually(waits)
    warehouse.is_open = True
    service = served(settings, warehouse)
    async with service.engine.begin() as connection:
        # what a process leaves that dies at a try after many that failed
        await connection.execute(CUT_OFF)
    async with running(service):
        await eventually(noted(service, ["SO-held-cut"], 1))
        assert await states(service, "SO-held-cut") == [("released", "resolved")]


async def test_a_message_that_comes_while_its_key_waits_goes_behind(mesh: LocalMesh, erp: Client) -> None:
    warehouse = Warehouse()
    async with running(served(await mesh.settings("inventory-sync"), warehouse)) as service:
        await publish(erp, released("SO-held-2"))

        async def waits() -> bool:
            return bool(await states(service, "SO-held-2"))

        await eventually(waits)
        await publish(erp, cancelled("SO-held-2"))

        async def both_wait() -> bool:
            return len(await states(service, "SO-held-2")) == 2

        await eventually(both_wait)
        warehouse.is_open = True
        await eventually(noted(service, ["SO-held-2"], 2))
        async with service.store(NoteStore) as notes:
            note = await notes.read("SO-held-2")
        assert note
        assert note.versions == ["released", "cancelled"]


async def test_an_effect_that_failed_for_good_is_made_again_under_its_own_key(
    mesh: LocalMesh, erp: Client, outside: Outside
) -> None:
    outside.refuses = True
    service = made(await mesh.settings("inventory-sync"), outside)
    async with running(service):
        await publish(erp, released("SO-ring"))

        async def dead() -> list[dict[str, Any]]:
            return await service.office.book.listed(Selection(state="dead", source="effect-ring"), 0, 10)

        await eventually(dead)
        (letter,) = await dead()
        assert letter["remedy"] == "correct-request"
        outside.refuses = False
        wish = Wish(action="retry", selection=Selection(ids=(letter["id"],)), actor="ada")
        act = await service.office.acts.begin(wish)

        async def is_over() -> bool:
            return (await service.office.acts.known(act.id)).counts == {"resolved": 1}

        await eventually(is_over)
    rung = [key for key, order_id in outside.calls if order_id == "SO-ring" and key == letter["origin"]]
    assert len(rung) == 1
    assert outside.refused.count((letter["origin"], "SO-ring")) == 1


async def test_a_bad_release_stops_the_service_and_a_mended_one_goes_on(mesh: LocalMesh, erp: Client) -> None:
    orders, is_mended = [f"SO-bad-{number}" for number in range(120)], False

    async def handle(event: OrderReleased, *, notes: NoteStore) -> Outcome:
        if not is_mended:
            raise KeyError("a field that this release forgot")
        return await take_note(event, notes=notes)

    service = empty(await mesh.settings("inventory-sync", failures_in_a_row=20))
    service.on(OrderReleased, handle, notes=NoteStore)
    service.office.ceiling.probe_seconds = 0.5
    async with running(service):
        for order_id in orders:
            await publish(erp, released(order_id))

        async def stopped() -> bool:
            return bool(service.office.ceiling.reached)

        await eventually(stopped)
        async with httpx.AsyncClient(transport=httpx.ASGITransport(make_app(service)), base_url="http://s") as web:
            answer = await web.get("/health/ready")
        assert answer.status_code == 503
        assert "too much fails" in answer.text
        is_mended = True
        await eventually(noted(service, orders), within_seconds=60)
        assert unready(service) == []
        assert await service.office.book.listed(Selection(state="dead"), 0, 1000) == []


async def test_a_bad_release_can_be_replaced_at_once(mesh: LocalMesh, erp: Client) -> None:
    orders = [f"SO-worse-{number}" for number in range(120)]

    async def handle(event: OrderReleased, *, notes: NoteStore) -> Outcome:
        raise KeyError("a field that this release forgot")

    settings = await mesh.settings("inventory-sync", failures_in_a_row=20)
    service = empty(settings)
    service.on(OrderReleased, handle, notes=NoteStore)
    service.office.ceiling.probe_seconds = 0.5
    for order_id in orders:  # all are there when it begins: none has its last try before too much has failed
        await publish(erp, released(order_id))
    await service.start()

    async def stopped() -> bool:
        return bool(service.office.ceiling.reached)

    await eventually(stopped)
    await asyncio.wait_for(service.stop(), STOP_SECONDS)

    mended = empty(settings)
    mended.on(OrderReleased, take_note, notes=NoteStore)
    async with running(mended):
        await eventually(noted(mended, orders), within_seconds=60)
        assert await mended.office.book.listed(Selection(state="dead"), 0, 1000) == []
