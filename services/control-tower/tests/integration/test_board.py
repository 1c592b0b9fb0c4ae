"""The board on a real database: each filter chooses the orders it says."""

import time

import pytest

from chassis.testing import LocalMesh, eventually

from ..fakes import envelope
from .test_archive import publish, running, settings_of

pytestmark = pytest.mark.integration


async def test_each_filter_chooses_its_orders(mesh: LocalMesh) -> None:
    mark = f"B{time.time_ns()}"
    lines = {"order_id": f"SO-{mark}-1"}
    first, second = (f"SO-{mark}-{number}" for number in (1, 2))
    scan = {
        "shipment_id": "SH-1",
        "carrier_code": f"swift-{mark}",
        "tracking_number": f"T-{mark}",
        "location": "Lyon, FR",
    }
    async with running(mesh, await settings_of(mesh)) as (_, web):
        await publish(
            mesh,
            envelope("order.released.v1", order=first, data=lines, company=mark),
            envelope("inventory.allocated.v1", 5, order=first, data={"site": f"DC-{mark}"}, company=mark),
            envelope("order.released.v1", order=second, company=mark),
            envelope("carrier.in-transit.v1", 60, order=second, data=scan | {"location": "Lyon, FR"}, company=mark),
        )

        async def found(**query: object) -> list[str]:
            answer = await web.get("/api/v1/journeys", params={"company": mark, **query})
            return sorted(one["correlation_id"] for one in answer.json())

        async def are_kept() -> bool:
            stages = {one["stage"] for one in (await web.get("/api/v1/journeys", params={"company": mark})).json()}
            return stages == {"allocated", "in transit"}

        await eventually(are_kept)
        assert await found() == [first, second]
        assert await found(stage="allocated") == [first]
        assert await found(stage=["allocated", "in transit"]) == [first, second]
        assert await found(carrier=f"swift-{mark}") == [second]
        assert await found(site=f"DC-{mark}") == [first]
        assert await found(carrier=f"swift-{mark}", site=f"DC-{mark}") == []
        assert await found(quiet_hours=1) == [first, second]
        assert await found(quiet_hours=50_000) == []
        assert await found(late=True) == [first, second]
        assert await found(before="2020-01-01T00:00:00Z") == []
        cards = (await web.get("/api/v1/board", params={"company": mark})).json()
        assert {card["correlation_id"]: card["total"] for card in cards} == {first: 1, second: 1}
        (parcel,) = (await web.get("/api/v1/parcels", params={"company": mark})).json()
        assert (parcel["tracking_number"], parcel["location"]) == (f"T-{mark}", "Lyon, FR")
        assert (await web.get("/api/v1/journeys", params={"quiet_hours": -1})).status_code == 422
