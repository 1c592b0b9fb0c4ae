"""What people do in a real service is found in the tower's audit, and stays there when the service forgets it."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import httpx
import uvicorn
from httpx import ASGITransport
from sqlalchemy import text

from chassis import Permanent, Service
from chassis.host import make_app
from chassis.testing import LocalMesh, eventually
from chassis.testing.sample.app import build as build_sample

from control_tower.app import build
from control_tower.settings import ServiceSettings


@asynccontextmanager
async def served(service: Service) -> AsyncIterator[str]:
    """Run a service with its real HTTP interface."""
    await service.start()
    port = service.settings.port
    server = uvicorn.Server(uvicorn.Config(make_app(service), port=port, lifespan="off", log_config=None))
    task = asyncio.create_task(server.serve())
    try:
        await eventually(lambda: _started(server))
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        with contextlib.suppress(asyncio.CancelledError):
            await task
        await service.stop()


async def _started(server: uvicorn.Server) -> bool:
    return server.started


async def test_acts_and_replays_are_found_by_who_what_when_and_order(mesh: LocalMesh) -> None:
    common = await mesh.settings("control-tower")
    sample = build_sample(await mesh.settings("inventory-sync"))
    began = datetime.now(UTC)
    async with served(sample) as url, httpx.AsyncClient(base_url=url) as people:
        await sample.bury("webhook", "w-1", {"no": "order"}, Permanent("not ours", remedy="correct-request"))
        async with sample.engine.begin() as connection:
            await connection.execute(text("UPDATE letter SET correlation_id = 'SO-7' WHERE source = 'webhook'"))
        act = {
            "action": "discard",
            "selection": {"correlation_id": "SO-7"},
            "actor": "ada",
            "reason": "a test's leftovers",
        }
        assert (await people.post("/dead-letters/acts", json=act)).status_code == 202
        (letter,) = (await people.get("/dead-letters", params={"state": "discarded", "correlation_id": "SO-7"})).json()
        why = {"actor": "linus", "reason": "the customer asked"}
        assert (await people.post(f"/dead-letters/{letter['id']}/read", json=why)).status_code == 200
        replay = {"actor": "grace", "reason": "proof was lost", "correlation_id": "SO-8"}
        assert (await people.post("/replays", json=replay)).status_code == 202
        said = common.model_dump(exclude={"port"})
        tower = build(ServiceSettings(**said, port=common.port, services_url=url))
        await tower.start()
        try:
            async with httpx.AsyncClient(transport=ASGITransport(make_app(tower)), base_url="http://tower") as web:
                await _found_by_everything(web, began)
                async with sample.engine.begin() as connection:
                    await connection.execute(text("DELETE FROM letter"))
                    await connection.execute(text("DELETE FROM letter_act"))
                assert await _found(web, who="ada", service="inventory-sync")
        finally:
            await tower.stop()


async def _found_by_everything(web: httpx.AsyncClient, began: datetime) -> None:
    (discard,) = await _found(web, service="inventory-sync", order="SO-7", what="discard")
    expected = {"action": "discard", "actor": "ada", "reason": "a test's leftovers", "covered": 1, "about": ["SO-7"]}
    assert {name: discard[name] for name in expected} == expected
    (replay,) = await _found(web, service="inventory-sync", who="GRA", what="replay", order="SO-8")
    assert replay["reason"] == "proof was lost"
    assert await _found(web, service="inventory-sync", words="leftovers") == [discard]
    (reading,) = await _found(web, service="inventory-sync", what="read", order="SO-7")
    assert (reading["actor"], reading["reason"]) == ("linus", "the customer asked")
    assert len(await _found(web, service="inventory-sync", since=began.isoformat())) == 3
    await _metadata_is_found(web)
    assert await _found(web, since=(began + timedelta(hours=1)).isoformat()) == []
    assert await _found(web, who="a_a") == []
    assert (await web.get(f"/api/v1/audit/{'%'}")).status_code == 404


async def _metadata_is_found(web: httpx.AsyncClient) -> None:
    grant = {"body": {"title": "Outdoor"}, "actor": "barbara", "reason": "a new brand"}
    answer = await web.put("/api/v1/metadata/brand/outdoor", json=grant)
    assert answer.status_code in (200, 201), answer.text
    (change,) = await _found(web, who="barbara")
    assert (change["action"], change["target"], change["reason"]) == ("add brand", "outdoor", "a new brand")
    assert (await web.get(f"/api/v1/audit/{change['id']}")).json() == change


async def _found(web: httpx.AsyncClient, **asked: str) -> list[dict[str, object]]:
    answer = await web.get("/api/v1/audit", params=asked)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, object]] = answer.json()
    return found
