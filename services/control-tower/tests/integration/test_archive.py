"""The archive on a real broker and database: every event once, found by any number, alarms on time and only once."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import orjson
import pytest
from httpx import ASGITransport
from sqlalchemy import text

from canonical import EVENTS, Envelope
from canonical.subjects import ROOT, escape
from chassis import Service
from chassis.host import make_app
from chassis.testing import LocalMesh, eventually

from control_tower.app import build
from control_tower.settings import ServiceSettings

from ..fakes import envelope

CUT = text(
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
    "WHERE datname = current_database() AND pid <> pg_backend_pid()"
)
LIFE = ("order.released.v1", "inventory.allocated.v1", "warehouse.pick-completed.v1", "carrier.delivered.v1")


@pytest.fixture
def order(request: pytest.FixtureRequest) -> str:
    """Return an order number of this test's own: the broker is shared."""
    return f"SO-{abs(hash(request.node.name)) % 10**9}"


@asynccontextmanager
async def running(mesh: LocalMesh, settings: ServiceSettings) -> AsyncIterator[tuple[Service, httpx.AsyncClient]]:
    service = build(settings)
    await service.start()
    try:
        async with httpx.AsyncClient(transport=ASGITransport(make_app(service)), base_url="http://tower") as web:
            yield service, web
    finally:
        await service.stop()


async def settings_of(mesh: LocalMesh) -> ServiceSettings:
    common = await mesh.settings("control-tower")
    return ServiceSettings(**common.model_dump(exclude={"port"}), port=common.port)


async def publish(mesh: LocalMesh, *envelopes: Envelope) -> None:
    """Publish as the owners do, one broker message each."""
    clients = {owner: await mesh.connect(owner) for owner in {EVENTS[one.type].owner for one in envelopes}}
    for one in envelopes:
        client = clients[EVENTS[one.type].owner]
        subject = f"{ROOT}.eu.{one.type}._.{escape(one.partitionkey)}"
        await client.jetstream().publish(subject, one.model_dump_json().encode())
    for client in clients.values():
        await client.close()


async def story(web: httpx.AsyncClient, order: str) -> list[str]:
    answer = await web.get(f"/api/v1/journeys/{order}")
    return [told["type"] for told in answer.json()["story"]] if answer.status_code == 200 else []


def life(order: str, start: datetime | None = None) -> list[Envelope]:
    start = start or datetime.now(UTC)
    data = {"parcels": [{"tracking_number": f"T-{order}"}]}
    return [
        envelope(
            name,
            index,
            order=order,
            start=start,
            data=data,
            causationid=f"{order}/{LIFE[index - 1]}" if index else None,
        )
        for index, name in enumerate(LIFE)
    ]


async def test_an_order_is_found_by_any_of_its_numbers_and_told(mesh: LocalMesh, order: str) -> None:
    async with running(mesh, await settings_of(mesh)) as (_, web):
        await publish(mesh, *life(order))
        await publish(mesh, *life(order))  # the broker gives them new sequences: the archive knows them
        await eventually(lambda: _has(web, order, LIFE))
        for wanted in (order, f"T-{order}", f"T-{order}"[:-1]):
            hit = (await web.get("/api/v1/search", params={"q": wanted})).json()[0]
            assert (hit["correlation_id"], hit["stage"], hit["events"]) == (order, "delivered", len(LIFE))
        told = (await web.get(f"/api/v1/journeys/{order}")).json()
        assert [one["depth"] for one in told["story"]] == [0, 1, 2, 3]
        assert (await web.get("/api/v1/stages")).json()["delivered"] >= 1
        assert (await web.get("/api/v1/journeys/nobody")).status_code == 404
        assert (await web.get("/api/v1/search", params={"q": "nobody"})).json() == []


async def _has(web: httpx.AsyncClient, order: str, types: tuple[str, ...]) -> bool:
    return await story(web, order) == list(types)


async def test_one_bad_event_holds_nobody_up(mesh: LocalMesh, order: str) -> None:
    future = envelope("order.changed.v1", order=f"{order}-future", start=datetime.now(UTC) + timedelta(days=9))
    async with running(mesh, await settings_of(mesh)) as (_, web):
        released, *rest = life(order)
        owner = await mesh.connect("order-release")
        await owner.jetstream().publish(f"{ROOT}.eu.order.released.v1._.x", b"\xff no envelope")
        await owner.close()
        await publish(mesh, released, future, *rest)
        await eventually(lambda: _has(web, order, LIFE))

        async def buried() -> bool:
            return len((await web.get("/dead-letters", params={"state": "dead"})).json()) >= 2

        await eventually(buried)
        reasons = str((await web.get("/dead-letters")).json())
        assert "recorded in the future" in reasons
        assert await story(web, f"{order}-future") == []


async def test_what_was_kept_while_the_database_was_away_and_the_tower_down_is_whole(
    mesh: LocalMesh, order: str
) -> None:
    settings = await settings_of(mesh)
    names = [f"{order}-{index}" for index in range(100)]
    async with running(mesh, settings) as (service, _), service.engine.connect() as connection:
        for start in range(0, 50, 10):
            await publish(mesh, *(one for name in names[start : start + 10] for one in life(name)))
            await connection.execute(CUT)
    await publish(mesh, *(one for name in names[50:] for one in life(name)))
    async with running(mesh, settings) as (service, web):

        async def whole() -> bool:
            async with service.engine.connect() as connection:
                query = text("SELECT count(*) FILTER (WHERE events = 4) FROM journey WHERE correlation_id LIKE :names")
                return (await connection.execute(query, {"names": f"{order}-%"})).scalar() == len(names)

        await eventually(whole, within_seconds=60)
        assert await story(web, names[0]) == list(LIFE)


async def test_a_late_step_is_told_once_and_one_in_time_never(mesh: LocalMesh, order: str) -> None:
    settings = await settings_of(mesh)
    started = datetime.now(UTC) - timedelta(seconds=60)
    late, timely, ended = f"{order}-late", f"{order}-timely", f"{order}-ended"
    async with running(mesh, settings) as (_, web):
        await publish(mesh, *life(timely, started)[1:], life(late, started)[0])
        cancelled = envelope("order.cancelled.v1", 2, order=ended, start=started)
        await publish(mesh, cancelled, life(ended, started)[0], life(timely, started)[0])
        await eventually(lambda: _told(mesh, late, 1))
        assert [one["after"] for one in (await web.get("/api/v1/late")).json() if one["order_id"] == late]
    async with running(mesh, settings):
        await asyncio.sleep(2)
        assert await _told(mesh, late, 1)
    alarms = [alarm for alarm in await _alarms(mesh) if alarm["step"].startswith("inventory.allocated")]
    assert {alarm["order_id"] for alarm in alarms if alarm["order_id"].startswith(order)} == {late}
    (alarm,) = [alarm for alarm in alarms if alarm["order_id"] == late]
    assert datetime.fromisoformat(alarm["occurred_at"]) == started + timedelta(seconds=5)


async def _told(mesh: LocalMesh, order: str, times: int) -> bool:
    return len([alarm for alarm in await _alarms(mesh) if alarm["order_id"] == order]) == times


async def _alarms(mesh: LocalMesh) -> list[dict[str, Any]]:
    client = await mesh.connect("operator")
    try:
        js = client.jetstream()
        last = (await js.stream_info("OPS")).state.last_seq
        found = [await js.get_msg("OPS", sequence) for sequence in range(1, last + 1)]
        told = [orjson.loads(message.data or b"{}") for message in found]
        return [one["data"] for one in told if one["type"].startswith("ops.sla-")]
    finally:
        await client.close()
