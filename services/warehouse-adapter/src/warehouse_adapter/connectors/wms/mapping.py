"""The WMS' shapes to ours and back; pure."""

from collections.abc import Iterable
from typing import Any

from canonical.values import LineQuantity, Parcel
from canonical.warehouse import GoodsReceived, ReturnReceived, ShipmentNoticeReceived

from warehouse_adapter.connectors.wms.wire import Line, Notice, PackedParcel, Receipt, ReturnArrival
from warehouse_adapter.ports import CreateWarehouseOrder, SendLabels


def lines(found: Iterable[Line]) -> tuple[LineQuantity, ...]:
    """Return quantities."""
    return tuple(LineQuantity(line_number=line.line, sku=line.sku, quantity=line.qty) for line in found)


def parcel(found: PackedParcel) -> Parcel:
    """Return a parcel."""
    return Parcel(
        sscc=found.sscc,
        weight_grams=found.weightGrams,
        length_mm=found.lengthMm,
        width_mm=found.widthMm,
        height_mm=found.heightMm,
        contents=lines(found.contents),
    )


def goods_received(report: Receipt) -> GoodsReceived:
    """Return a receipt."""
    return GoodsReceived(
        occurred_at=report.at,
        site=report.site,
        receipt_id=report.receiptId,
        sku=report.sku,
        quantity=report.qty,
        reference=report.reference,
    )


def notice_received(report: Notice) -> ShipmentNoticeReceived:
    """Return an advance ship notice."""
    return ShipmentNoticeReceived(
        occurred_at=report.at,
        site=report.site,
        asn_id=report.asnId,
        supplier=report.supplier,
        lines=lines(report.lines),
        expected_at=report.expectedAt,
    )


def return_received(report: ReturnArrival) -> ReturnReceived:
    """Return an arrived return."""
    return ReturnReceived(
        occurred_at=report.at,
        site=report.site,
        return_id=report.returnId,
        order_id=report.orderId,
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
