"""Metadata on a real broker and database: written once, in order, mirrored, and read by any service."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import nats.errors
import orjson
import pytest
from httpx import ASGITransport
from sqlalchemy import text

from canonical import EVENTS
from canonical.metadata import Brand, Document
from chassis import Service
from chassis.host import make_app
from chassis.metadata import STREAM, Bucket, Metadata
from chassis.testing import LocalMesh, eventually

from control_tower.app import build
from control_tower.settings import ServiceSettings

SERVICES = Path(__file__).resolve().parents[3]
AUTHOR = {"actor": "ada.berg", "reason": "asked by the seller"}
BRAND = {"title": "Nordhandel", "customers": ["C-1"]}


@asynccontextmanager
async def running(mesh: LocalMesh) -> AsyncIterator[tuple[Service, httpx.AsyncClient]]:
    common = await mesh.settings("control-tower")
    service = build(ServiceSettings(**common.model_dump(exclude={"port"}), port=common.port, contracts_dir=SERVICES))
    await service.start()
    try:
        async with httpx.AsyncClient(transport=ASGITransport(make_app(service)), base_url="http://tower") as web:
            yield service, web
    finally:
        await service.stop()


@asynccontextmanager
async def reader(mesh: LocalMesh) -> AsyncIterator[Metadata[Brand]]:
    """A service that reads brands and does nothing else."""
    service = Service("notification", await mesh.settings("notification"))
    brands = Metadata(service, Brand)
    await service.start()
    try:
        yield brands
    finally:
        await service.stop()


def path(name: str, kind: str = "brand") -> str:
    return f"/api/v1/metadata/{kind}/{name}"


def name_of(request: pytest.FixtureRequest) -> str:
    return f"b{abs(hash(request.node.name)) % 10**9}"


async def put(web: httpx.AsyncClient, name: str, body: Any = BRAND, match: str | None = None, **author: Any) -> Any:
    headers = {"if-match": match} if match else {}
    return await web.put(path(name), json={"body": body, **AUTHOR, **author}, headers=headers)


async def told(service: Service, event_type: str) -> list[dict[str, Any]]:
    query = text("SELECT payload FROM outbox ORDER BY seq")
    async with service.engine.connect() as connection:
        found = [orjson.loads(row.payload) for row in await connection.execute(query)]
    return [envelope["data"] for envelope in found if envelope["type"] == event_type]


async def test_a_document_is_made_changed_and_withdrawn_with_all_its_history(mesh: LocalMesh, request: Any) -> None:
    name = name_of(request)
    async with running(mesh) as (service, web):
        assert (await put(web, name)).json()["revision"] == 1
        changed = await put(web, name, {**BRAND, "title": "Nordhandel AG"}, '"1"', reason="renamed")
        gone = await web.post(f"{path(name)}/withdraw", json=AUTHOR, headers={"if-match": "2"})
        shown = await web.get(path(name))
        history = (await web.get(f"{path(name)}/history")).json()
        assert (changed.json()["revision"], gone.json()["body"]) == (2, None)
        assert (shown.headers["etag"], shown.json()["revision"]) == ('"3"', 3)
        assert [(one["revision"], one["reason"]) for one in history][1] == (2, "renamed")
        facts = await told(service, "ops.metadata-changed.v1")
        assert [(f["revision"], f["is_valid"], f["actor"]) for f in facts if f["name"] == name] == [
            (1, True, "ada.berg"),
            (2, True, "ada.berg"),
            (3, False, "ada.berg"),
        ]


async def test_of_many_who_change_one_revision_one_succeeds_and_the_others_learn_of_whom(
    mesh: LocalMesh, request: Any
) -> None:
    name = name_of(request)
    async with running(mesh) as (_, web):
        await put(web, name)
        blind = await put(web, name, {**BRAND, "title": "Other"})
        assert (blind.status_code, blind.json()["current"]["actor"]) == (409, "ada.berg")
        answers = await asyncio.gather(*(put(web, name, match="1", actor=f"person-{n}") for n in range(20)))
        won = [answer.json() for answer in answers if answer.status_code == 200]
        lost = [answer for answer in answers if answer.status_code != 200]
        assert [one["revision"] for one in won] == [2]
        assert {answer.status_code for answer in lost} == {412}
        assert {answer.json()["current"]["actor"] for answer in lost} == {won[0]["actor"]}
        assert all(won[0]["actor"] in answer.json()["detail"] for answer in lost)
        again = await put(web, name, match="1", actor=won[0]["actor"])
        assert again.json() == won[0], "the same change sent again is made once"


async def test_what_makes_no_sense_is_refused_by_field(mesh: LocalMesh, request: Any) -> None:
    name = name_of(request)
    async with running(mesh) as (_, web):
        assert (await put(web, name, actor="")).json()["errors"][0]["field"] == "actor"
        assert (await put(web, name, reason="")).json()["errors"][0]["field"] == "reason"
        assert (await put(web, name, {"title": "A\r\nBcc: all@example.com"})).json()["errors"][0]["field"] == "title"
        assert (await put(web, name, {**BRAND, "colour": "red"})).json()["errors"][0]["field"] == "colour"
        assert (await put(web, "..")).status_code in (404, 405, 422)
        assert (await web.put(path(name, "wish"), json={"body": {}, **AUTHOR})).status_code == 404
        never = {"flow": "order-to-moon", "after": "order.released.v1", "within_seconds": 1}
        agreed = await web.put(path(name, "sla"), json={"body": never, **AUTHOR})
        assert (agreed.status_code, "choose from" in agreed.json()["detail"]) == (422, True)
        schema = await web.put(path("order.released.v1", "schema"), json={"body": {}, **AUTHOR})
        assert schema.status_code == 403
        assert (await web.get(path(name))).status_code == 404


async def test_a_service_reads_the_copy_in_its_region_also_when_the_tower_is_away(
    mesh: LocalMesh, request: Any
) -> None:
    name = name_of(request)

    async with reader(mesh) as brands:
        async with running(mesh) as (_, web):
            await put(web, name)
            await eventually(lambda: holds(brands, name, "Nordhandel"))
            await put(web, name, {**BRAND, "title": "Nordhandel AG"}, "1")
            await eventually(lambda: holds(brands, name, "Nordhandel AG"))
        assert brands.all()[name].title == "Nordhandel AG"
        async with reader(mesh) as started_later:
            await eventually(lambda: holds(started_later, name, "Nordhandel AG"))


async def test_a_withdrawn_document_is_gone_for_readers(mesh: LocalMesh, request: Any) -> None:
    name = name_of(request)
    async with running(mesh) as (_, web), reader(mesh) as brands:
        await put(web, name)
        await eventually(lambda: holds(brands, name, "Nordhandel"))
        await web.post(f"{path(name)}/withdraw", json=AUTHOR, headers={"if-match": "1"})


async def holds(brands: Metadata[Brand], name: str, title: str | None) -> bool:
    await brands.refresh()
    known = brands.all().get(name)
    return (known.title if known else None) == title


async def test_a_copy_that_was_lost_is_written_again(mesh: LocalMesh, request: Any) -> None:
    name = name_of(request)
    async with running(mesh) as (_, web):
        async with reader(mesh) as brands:
            await put(web, name)
            await eventually(lambda: holds(brands, name, "Nordhandel"))
        admin, tower = await mesh.connect("provisioner"), await mesh.connect("control-tower")
        stream = admin.jetstream()
        config = (await stream.stream_info(STREAM)).config
        await stream.delete_stream(STREAM)
        await stream.add_stream(config)
        # as when it is lost while the tower writes: it is not empty at the tower's next look
        other = {"name": f"{name}-other", "revision": 1, "body": None, "changed_at": datetime.now(UTC), **AUTHOR}
        await Bucket(lambda: tower).put(Document(kind="brand", **other))
        await admin.close()
        await tower.close()
        async with reader(mesh) as brands:
            await eventually(lambda: holds(brands, name, "Nordhandel"))


async def test_only_the_tower_may_write_the_copy(mesh: LocalMesh, request: Any) -> None:
    subject = f"$KV.METADATA.brand.{name_of(request)}"
    for user in ("notification", "operator"):
        client = await mesh.connect(user)
        with pytest.raises(nats.errors.Error):
            await client.jetstream().publish(subject, b"{}", timeout=1)
        await client.close()
    tower = await mesh.connect("control-tower")
    with pytest.raises(nats.errors.Error):
        await tower.jetstream().purge_stream(STREAM)
    await tower.close()


async def test_the_tower_registers_its_catalogue_once(mesh: LocalMesh) -> None:
    async with running(mesh) as (service, web):

        async def is_registered() -> bool:
            return len((await web.get("/api/v1/catalogue/revisions")).json()) == len(EVENTS)

        await eventually(is_registered)
        shown = (await web.get("/api/v1/catalogue/events/order.released.v1")).json()
        assert (shown["mode"], [one["revision"] for one in shown["revisions"]]) == ("FULL_TRANSITIVE", [1])
        readers = {one["service"]: one["reads"] for one in shown["readers"]}
        assert readers["control-tower"] == "everything"
        assert readers["notification"]["contact.email"] == "string"
        assert all(one["since"] for one in shown["readers"])
        facts = await told(service, "ops.schema-registered.v1")
        assert sorted(fact["event_type"] for fact in facts) == sorted(EVENTS)
        refused = await web.get("/api/v1/catalogue/events/order.vanished.v1")
        assert refused.status_code == 404
        lines = (await web.get("/api/v1/catalogue/lineage")).json()
        heard = {(line["source"], line["target"]): line["events"] for line in lines}
        assert heard["order-release", "inventory-sync"] == [
            "order.cancelled.v1",
            "order.changed.v1",
            "order.released.v1",
        ]
