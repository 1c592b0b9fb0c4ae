"""A region is cut off: nothing of it is called late, the others are judged, and the truth comes with the link."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest
from httpx import ASGITransport
from rig.regions import Doors, behind_doors

from canonical import EVENTS, Envelope
from canonical.federation import HUB
from chassis.host import make_app
from chassis.testing import LocalMesh, eventually
from chassis.testing.federation import Federation

from control_tower.app import build
from control_tower.settings import ServiceSettings

LINKED_SECONDS = 150.0
JUDGED_SECONDS = 60.0
STEP = "inventory.allocated"
"""What must follow a release within five seconds."""

pytestmark = [pytest.mark.faults, pytest.mark.timeout(500)]


@pytest.fixture
async def federation(tmp_path: Path) -> AsyncIterator[tuple[Federation, Doors]]:
    """A hub with eu and us behind doors."""
    with behind_doors(tmp_path, ["eu", "us"]) as (brokers, doors):
        await brokers.start()
        yield brokers, doors


@pytest.fixture
async def tower(federation: tuple[Federation, Doors], servers: LocalMesh) -> AsyncIterator[httpx.AsyncClient]:
    """A control tower at the hub."""
    hub = federation[0].servers[HUB]
    secret = hub.passwords["control-tower"]
    common = await servers.settings("control-tower", nats_url=hub.url, nats_password_file=secret, region=HUB)
    regions = {region: {"url": "http://127.0.0.1:9"} for region in ("eu", "us")}
    service = build(ServiceSettings(**common.model_dump() | {"regions": regions}))
    await service.start()
    async with httpx.AsyncClient(transport=ASGITransport(make_app(service)), base_url="http://tower") as web:
        yield web
    await service.stop()


async def publish(federation: Federation, region: str, event_type: str, order: str) -> None:
    now = datetime.now(UTC)
    owner = EVENTS[event_type].owner
    envelope = Envelope.model_validate(
        {
            "id": f"{order}/{event_type}", "source": f"/{region}/{owner}", "type": event_type, "subject": order,
            "time": now, "dataschema": f"{event_type}.schema.json", "correlationid": order, "region": region,
            "partitionkey": order, "recordedtime": now, "data": {"order_id": order},
        }
    )  # fmt: skip
    client = await federation.connect(region, owner)
    subject = f"cx.{region}.{event_type}._.{order}"
    await client.jetstream().publish(subject, envelope.model_dump_json().encode(), headers={"Nats-Msg-Id": envelope.id})
    await client.close()


async def alarmed(federation: Federation) -> set[str]:
    """Return the orders of which the tower said that they were not allocated in time."""
    client = await federation.connect(HUB, "operator")
    js = client.jetstream()
    last = (await js.stream_info("OPS")).state.last_seq
    alarms = [orjson.loads((await js.get_msg("OPS", seq)).data or b"{}")["data"] for seq in range(1, last + 1)]
    await client.close()
    return {alarm["order_id"] for alarm in alarms if alarm.get("step", "").startswith(STEP)}


async def links(tower: httpx.AsyncClient) -> dict[str, Any]:
    return {link["region"]: link for link in (await tower.get("/api/v1/regions")).json()}


async def test_a_region_that_is_cut_off_is_not_called_late(
    federation: tuple[Federation, Doors], tower: httpx.AsyncClient
) -> None:
    brokers, doors = federation

    async def up(*regions: str) -> bool:
        found = await links(tower)
        return {"eu", "us"} <= set(found) and [name for name in ("eu", "us") if found[name]["is_up"]] == list(regions)

    async def known(order: str) -> bool:
        return (await tower.get(f"/api/v1/journeys/{order}")).is_success

    async def told(*orders: str) -> bool:
        return set(orders) <= await alarmed(brokers)

    await eventually(lambda: up("eu", "us"), within_seconds=LINKED_SECONDS)
    await publish(brokers, "eu", "order.released.v1", "EU-timely")
    await eventually(lambda: known("EU-timely"), within_seconds=LINKED_SECONDS)
    doors.cut("eu")
    await publish(brokers, "eu", "inventory.allocated.v1", "EU-timely")
    await publish(brokers, "eu", "order.released.v1", "EU-late")
    await publish(brokers, "us", "order.released.v1", "US-late")
    await eventually(lambda: told("US-late"), within_seconds=JUDGED_SECONDS)
    await eventually(lambda: up("us"), within_seconds=JUDGED_SECONDS)
    assert await alarmed(brokers) == {"US-late"}
    doors.heal()
    await eventually(lambda: told("EU-late"), within_seconds=LINKED_SECONDS)
    await eventually(lambda: up("eu", "us"), within_seconds=LINKED_SECONDS)
    assert await alarmed(brokers) == {"US-late", "EU-late"}
