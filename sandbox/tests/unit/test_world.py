"""The systems answer as real ones do: once per key, away when switched off, limited where they limit."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from sandbox import scenario
from sandbox.__main__ import build
from sandbox.chance import Chance
from sandbox.wms import sscc

SECRETS = {"swiftparcel": b"s", "nordfreight": b"n", "portal": b"p"}


@pytest.fixture
async def systems() -> AsyncIterator[httpx.AsyncClient]:
    world, _, _, app = build(8100, SECRETS)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://sandbox") as client:
        client.world = world  # type: ignore[attr-defined]
        yield client
    await world._client.close()


def order(number: str = "WO-1") -> dict[str, Any]:
    lines = [{"line": 10, "sku": "SKU-0001", "qty": 2}]
    return {"warehouseOrderId": number, "allocationId": "A-1", "orderId": "SO-1", "lines": lines}


async def create(systems: httpx.AsyncClient, key: str, body: dict[str, Any]) -> httpx.Response:
    return await systems.post("/wms/warehouse-orders", json=body, headers={"idempotency-key": key})


def outcomes(systems: httpx.AsyncClient) -> list[str]:
    return [record.outcome for record in systems.world.ledger.records]  # type: ignore[attr-defined]


async def test_the_same_call_again_is_answered_again_and_done_once(systems: httpx.AsyncClient) -> None:
    first, second = await create(systems, "k", order()), await create(systems, "k", order())
    assert (first.status_code, first.json()) == (second.status_code, second.json())
    assert outcomes(systems) == ["applied", "replayed"]


async def test_a_key_used_for_something_else_is_refused(systems: httpx.AsyncClient) -> None:
    await create(systems, "k", order())
    assert (await create(systems, "k", order("WO-2"))).status_code == 409


async def test_another_key_for_the_same_order_is_refused(systems: httpx.AsyncClient) -> None:
    await create(systems, "k", order())
    assert (await create(systems, "other", order())).status_code == 409


async def test_a_system_switched_off_answers_503_until_healed(systems: httpx.AsyncClient) -> None:
    await systems.post("/_sandbox/faults", json={"system": "wms", "kind": "down"})
    assert (await create(systems, "k", order())).status_code == 503
    await systems.delete("/_sandbox/faults")
    assert (await create(systems, "k", order())).status_code == 201


async def test_an_answer_lost_after_the_deed_is_not_done_again(systems: httpx.AsyncClient) -> None:
    await systems.post("/_sandbox/faults", json={"system": "wms", "kind": "timeout_after_apply", "value": 1.0})
    assert (await create(systems, "k", order())).status_code == 504
    await systems.delete("/_sandbox/faults")
    assert (await create(systems, "k", order())).status_code == 201
    assert outcomes(systems) == ["applied", "replayed"]


async def test_an_unknown_switch_is_refused_by_name(systems: httpx.AsyncClient) -> None:
    answer = await systems.post("/_sandbox/faults", json={"system": "fax", "kind": "down"})
    assert answer.status_code == 404
    assert "fax" in answer.json()["error"]


async def test_the_erp_limits_calls(systems: httpx.AsyncClient) -> None:
    answers = [await systems.post("/erp/StatusUpdates", json={"Updates": []}) for _ in range(60)]
    limited = [answer for answer in answers if answer.status_code == 429]
    assert limited
    assert limited[0].headers["retry-after"] == "1"


@pytest.mark.parametrize(
    ("stage", "stops"), [("accepted", True), ("picked", True), ("packed", True), ("shipped", False)]
)
async def test_the_warehouse_stops_what_has_not_left(systems: httpx.AsyncClient, stage: str, stops: bool) -> None:
    wms = systems.world  # type: ignore[attr-defined]
    await create(systems, "k", order())
    del wms
    found = _task(systems)
    found.stage = stage
    answer = await systems.post("/wms/warehouse-orders/WO-1/cancel", json={}, headers={"idempotency-key": "c"})
    assert answer.json()["cancelled"] is (stage != "shipped")


def _task(systems: httpx.AsyncClient) -> Any:
    app = systems._transport.app  # type: ignore[attr-defined]
    (route,) = [route for route in app.routes if route.path == "/wms/warehouse-orders"]
    return route.endpoint.__self__.tasks["WO-1"]


async def test_a_booking_is_taken_back_until_the_goods_are_handed_over(systems: httpx.AsyncClient) -> None:
    shipment = {"reference": "SH-SO-1-A1-1", "packages": [{"ref": "340123450000000018"}]}
    booked = await systems.post("/carriers/swiftparcel/v1/shipments", json=shipment, headers={"idempotency-key": "b"})
    number = booked.json()["id"]
    gone = await systems.delete(f"/carriers/swiftparcel/v1/shipments/{number}", headers={"idempotency-key": "c"})
    assert gone.json() == {"cancelled": True}
    manifest = {"shipments": [number]}
    first, second = [
        await systems.post("/carriers/swiftparcel/v1/manifests", json=manifest, headers={"idempotency-key": key})
        for key in "ef"
    ]
    assert (first.json()["manifest_id"][:3], second.status_code) == ("SWM", 409)
    unknown = await systems.delete("/carriers/swiftparcel/v1/shipments/none", headers={"idempotency-key": "d"})
    assert unknown.status_code == 404


def test_the_same_seed_makes_the_same_world() -> None:
    one, other, another = Chance(7), Chance(7), Chance(8)
    asked = [("late", number) for number in range(50)]
    assert [one.share(*what) for what in asked] == [other.share(*what) for what in reversed(asked)][::-1]
    assert [one.share(*what) for what in asked] != [another.share(*what) for what in asked]


@pytest.mark.parametrize("name", scenario.names())
def test_every_scenario_loads_and_says_what_it_is(name: str) -> None:
    assert scenario.load(name).title.endswith(".")


def test_a_parcel_number_has_its_check_digit() -> None:
    digits = [int(digit) for digit in sscc(42)]
    assert len(digits) == 18
    assert sum(digit * (3 if place % 2 == 0 else 1) for place, digit in enumerate(digits)) % 10 == 0
