"""The WMS connector: requests built, endpoints called, reports and answers read."""

import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from canonical.warehouse import GoodsReceived, ReturnReceived, ShipmentNoticeReceived
from chassis import Permanent, Rejected

from warehouse_adapter.connectors.wms import mapping, wire
from warehouse_adapter.connectors.wms.client import WmsClient
from warehouse_adapter.domain import Fact
from warehouse_adapter.ports import CancelWarehouseOrder, CreateWarehouseOrder, SendLabels

from ..fakes import BOOKED, LINES, WO, FakeHttp

SAMPLES = json.loads((Path(__file__).parent / "samples" / "events.json").read_text())
CREATE = CreateWarehouseOrder(
    lane=WO,
    warehouse_order_id=WO,
    order_id="SO-1",
    allocation_id="AL-1-SO-1",
    site="DC-BER",
    service_level="express",
    lines=LINES[:1],
)
CANCEL = CancelWarehouseOrder(lane=WO, warehouse_order_id=WO, reason="customer")
LABELS = SendLabels(lane=WO, warehouse_order_id=WO, shipment_id="SH-1", carrier_code="swiftparcel", parcels=BOOKED)


def read(place: int) -> Any:
    return mapping.reported(wire.REPORT.validate_python(SAMPLES[place]))


def client(status: int = 200, body: Any = None) -> tuple[WmsClient, FakeHttp]:
    def answer() -> httpx.Response:
        if status >= 400:
            raise Rejected("WMS refused", status=status, body="")
        return httpx.Response(status, json=body or {})

    http = FakeHttp(answer)
    return WmsClient(http), http  # type: ignore[arg-type]


def test_reports_about_orders_are_read() -> None:
    facts = [read(place) for place in range(1, 7)]
    assert all(isinstance(item, Fact) for item in facts)
    assert [item.kind for item in facts] == ["accepted", "picked", "short", "packed", "shipped", "cancelled"]
    assert facts[1].lines == LINES[:1]
    assert (facts[2].lines, facts[2].shorted, facts[2].reason) == ((), LINES[:1], "damaged")
    assert (facts[3].parcels[0].weight_grams, facts[3].parcels[0].contents) == (900, LINES[:1])
    assert facts[4].shipment_id == "SH-1-SO-1-1"


def test_reports_about_goods_are_read() -> None:
    goods, back, notice = read(0), read(7), read(8)
    assert isinstance(goods, GoodsReceived)
    assert (goods.receipt_id, goods.quantity, goods.reference) == ("R-1", 40, "PO-7")
    assert isinstance(back, ReturnReceived)
    assert (back.return_id, back.order_id, back.condition) == ("RMA-1", "SO-1", "good")
    assert isinstance(notice, ShipmentNoticeReceived)
    assert (notice.asn_id, notice.supplier, notice.lines[0].quantity) == ("ASN-1", "Supplier Ltd", 100)


async def test_order_is_given_to_the_warehouse() -> None:
    wms, http = client(201)
    await wms.create(CREATE, key="K")
    body = {
        "warehouseOrderId": WO,
        "orderId": "SO-1",
        "allocationId": "AL-1-SO-1",
        "site": "DC-BER",
        "serviceLevel": "express",
        "lines": [{"line": 10, "sku": "SKU-1", "qty": 2}],
    }
    assert http.calls == [("POST", "/warehouse-orders", body, "K")]


async def test_order_the_warehouse_has_already_is_there() -> None:
    wms, _ = client(409)
    await wms.create(CREATE, key="K")


async def test_refused_order_is_permanent() -> None:
    wms, _ = client(422)
    with pytest.raises(Rejected):
        await wms.create(CREATE, key="K")


@pytest.mark.parametrize("answer", [True, False])
async def test_cancellation_is_answered(answer: bool) -> None:
    wms, http = client(200, {"cancelled": answer, "stage": "PACKED"})
    assert await wms.cancel(CANCEL, key="K") is answer
    assert http.calls == [("POST", f"/warehouse-orders/{WO}/cancel", {"reason": "customer"}, "K")]


async def test_unreadable_answer_to_a_cancellation_is_permanent() -> None:
    wms, _ = client(200, {"stage": "PACKED"})
    with pytest.raises(Permanent, match="cannot be read"):
        await wms.cancel(CANCEL, key="K")


async def test_labels_are_given_to_the_warehouse() -> None:
    wms, http = client()
    await wms.send_labels(LABELS, key="K")
    parcels = [{"sscc": BOOKED[0].sscc, "trackingNumber": "T-1", "labelRef": "labels/T-1"}]
    body = {"shipmentId": "SH-1", "carrier": "swiftparcel", "parcels": parcels}
    assert http.calls == [("POST", f"/warehouse-orders/{WO}/labels", body, "K")]
