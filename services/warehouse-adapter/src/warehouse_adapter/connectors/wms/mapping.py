"""The WMS' shapes to ours and back; pure."""

from collections.abc import Iterable, Mapping
from typing import Any

from canonical.values import LineQuantity, Parcel
from canonical.warehouse import GoodsReceived, ReturnReceived, ShipmentNoticeReceived

from warehouse_adapter.connectors.wms import wire
from warehouse_adapter.domain import Fact, Kind
from warehouse_adapter.ports import CreateWarehouseOrder, SendLabels

KINDS: Mapping[str, Kind] = {
    "ORDER_ACCEPTED": "accepted",
    "PICK_CONFIRMED": "picked",
    "PICK_SHORT": "short",
    "PACKED": "packed",
    "SHIPPED": "shipped",
    "CANCELLED": "cancelled",
}


def reported(
    report: wire.GoodsIn | wire.Asn | wire.ReturnIn | wire.OrderReport,
) -> Fact | GoodsReceived | ShipmentNoticeReceived | ReturnReceived:
    """Return what a report says, in our words."""
    match report:
        case wire.GoodsIn():
            return goods_received(report)
        case wire.Asn():
            return notice_received(report)
        case wire.ReturnIn():
            return return_received(report)
        case _:
            return fact(report)


def fact(report: wire.OrderReport) -> Fact:
    """Return a report about a warehouse order."""
    base = Fact(kind=KINDS[report.type], warehouse_order_id=report.warehouse_order_id, at=report.at)
    match report:
        case wire.Picked():
            return base.model_copy(update={"lines": lines(report.lines)})
        case wire.PickedShort():
            found, missing = lines(report.lines), lines(report.shorted)
            return base.model_copy(update={"lines": found, "shorted": missing, "reason": report.reason})
        case wire.Packed():
            return base.model_copy(update={"parcels": tuple(parcel(item) for item in report.parcels)})
        case wire.Shipped():
            return base.model_copy(update={"shipment_id": report.shipment_id})
        case wire.Accepted():
            return base


def lines(found: Iterable[wire.Line]) -> tuple[LineQuantity, ...]:
    """Return quantities; lines of nothing are left out."""
    return tuple(LineQuantity(line_number=line.line, sku=line.sku, quantity=line.qty) for line in found if line.qty)


def parcel(found: wire.PackedParcel) -> Parcel:
    """Return a parcel."""
    return Parcel(
        sscc=found.sscc,
        weight_grams=found.weight_grams,
        length_mm=found.length_mm,
        width_mm=found.width_mm,
        height_mm=found.height_mm,
        contents=lines(found.contents),
    )


def goods_received(report: wire.GoodsIn) -> GoodsReceived:
    """Return a receipt."""
    return GoodsReceived(
        occurred_at=report.at,
        site=report.site,
        receipt_id=report.receipt_id,
        sku=report.sku,
        quantity=report.qty,
        reference=report.reference,
    )


def notice_received(report: wire.Asn) -> ShipmentNoticeReceived:
    """Return an advance ship notice."""
    return ShipmentNoticeReceived(
        occurred_at=report.at,
        site=report.site,
        asn_id=report.asn_id,
        supplier=report.supplier,
        lines=lines(report.lines),
        expected_at=report.expected_at,
    )


def return_received(report: wire.ReturnIn) -> ReturnReceived:
    """Return an arrived return."""
    return ReturnReceived(
        occurred_at=report.at,
        site=report.site,
        return_id=report.return_id,
        order_id=report.order_id,
        lines=lines(report.lines),
        condition=report.condition,
    )


def order_body(order: CreateWarehouseOrder) -> dict[str, Any]:
    """Return an order in the WMS' words."""
    return {
        "warehouseOrderId": order.warehouse_order_id,
        "orderId": order.order_id,
        "allocationId": order.allocation_id,
        "site": order.site,
        "serviceLevel": order.service_level,
        "lines": [{"line": line.line_number, "sku": line.sku, "qty": line.quantity} for line in order.lines],
    }


def labels_body(labels: SendLabels) -> dict[str, Any]:
    """Return labels in the WMS' words."""
    return {
        "shipmentId": labels.shipment_id,
        "carrier": labels.carrier_code,
        "parcels": [
            {"sscc": parcel.sscc, "trackingNumber": parcel.tracking_number, "labelRef": parcel.label_ref}
            for parcel in labels.parcels
        ],
    }
