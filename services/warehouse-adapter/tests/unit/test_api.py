"""Batches of reports: each one is answered for."""

from typing import Any

import pytest

from canonical.warehouse import GoodsReceived, WarehouseOrderAccepted
from chassis import Permanent, Temporary

from warehouse_adapter.api import take

from ..fakes import WO, FakeService, orders_with, warehouse_order

AT = "2026-03-02T12:00:00+01:00"
ACCEPTED = {"eventId": "E-1", "type": "ORDER_ACCEPTED", "at": AT, "warehouseOrderId": WO}
GOODS = {
    "eventId": "E-2", "type": "GOODS_RECEIVED", "at": AT, "receiptId": "R-1", "sku": "SKU-1", "site": "DC-BER",
    "qty": 5, "reference": "PO-1",
}  # fmt: skip


@pytest.fixture
def service() -> FakeService:
    return FakeService(orders_with(warehouse_order()))


async def answers(service: Any, *events: dict[str, Any]) -> dict[str, Any]:
    return (await take(service, list(events))).model_dump(by_alias=True)


async def test_batch_is_taken_and_the_same_batch_again_changes_nothing(service: FakeService) -> None:
    assert await answers(service, ACCEPTED, GOODS) == {"accepted": 2, "duplicates": 0, "rejected": []}
    assert await answers(service, ACCEPTED, GOODS) == {"accepted": 0, "duplicates": 2, "rejected": []}
    assert [type(item) for item in service.published] == [WarehouseOrderAccepted, GoodsReceived]


async def test_bad_reports_are_refused_by_themselves_and_kept(service: FakeService) -> None:
    unknown = ACCEPTED | {"eventId": "E-3", "warehouseOrderId": "WO-nobody"}
    odd = GOODS | {"eventId": "E-4", "qty": -1}
    strange = {"eventId": "E-5", "type": "COFFEE_BREAK", "at": AT}
    answer = await answers(service, unknown, odd, strange, {}, GOODS)
    assert answer["accepted"] == 1
    reasons = {item["eventId"]: item["reason"] for item in answer["rejected"]}
    assert set(reasons) == {"E-3", "E-4", "E-5", ""}
    assert reasons["E-3"] == "warehouse order WO-nobody is not known here"
    assert reasons["E-4"].startswith("GOODS_RECEIVED.qty")
    assert [body.get("eventId") for _, body, _ in service.buried] == ["E-3", "E-4", "E-5", None]


async def test_batch_that_cannot_be_stored_now_is_asked_for_again(service: FakeService) -> None:
    async def away(*_: Any, **__: Any) -> None:
        raise Temporary("the message could not be stored in time")

    service.accept = away  # type: ignore[method-assign,assignment]
    with pytest.raises(Temporary):
        await answers(service, GOODS)
    assert service.buried == []


async def test_fault_of_ours_costs_only_its_own_report(service: FakeService) -> None:
    whole = service.accept

    async def faulty(source: str, message_id: str, *rest: Any, **deps: Any) -> Any:
        if message_id == "E-1":
            raise ZeroDivisionError
        return await whole(source, message_id, *rest, **deps)

    service.accept = faulty  # type: ignore[method-assign]
    answer = await answers(service, ACCEPTED, GOODS)
    assert (answer["accepted"], answer["rejected"][0]["eventId"]) == (1, "E-1")
    assert isinstance(service.buried[0][2], ZeroDivisionError)
    assert not isinstance(service.buried[0][2], Permanent)
