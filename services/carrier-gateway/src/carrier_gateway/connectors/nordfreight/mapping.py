"""Nordfreight's shapes to ours and back; pure."""

from collections.abc import Mapping
from typing import Any

from canonical.transport import ShipmentPlanned
from canonical.values import BookedParcel

from carrier_gateway.connectors.nordfreight.wire import Confirmation, Event
from carrier_gateway.domain import Booked, Kind, Scan

CARRIER = "nordfreight"
KINDS: Mapping[str, Kind] = {
    "COLLECTED": "picked-up", "LINEHAUL": "in-transit", "DEPOT": "arrived", "CUSTOMS": "customs",
    "DELIVERY_TOUR": "out-for-delivery", "NOT_HOME": "attempted", "PROBLEM": "exception", "DELIVERED": "delivered",
    "POD": "proof", "DELAY": "delayed", "RETURN": "returning", "SHOP": "pickup-point",
}  # fmt: skip


def scan(event: Event) -> Scan:
    """Return a scan; a status we do not know is `unmapped`."""
    return Scan(
        carrier_code=CARRIER,
        scan_id=event.id,
        tracking_number=event.trackingId,
        kind=KINDS.get(event.status, "unmapped"),
        at=event.time,
        code=event.status,
        description=event.reason or "",
        location=", ".join(filter(None, (event.city, event.country))) or None,
        reason=event.reason,
        signed_by=event.receiver,
        document_ref=event.pod,
    )


def booking(plan: ShipmentPlanned) -> dict[str, Any]:
    """Return a booking in Nordfreight's words."""
    return {
        "customerReference": plan.shipment_id,
        "product": plan.service_code,
        "consignor": plan.ship_from.model_dump(mode="json"),
        "consignee": plan.ship_to.model_dump(mode="json"),
        "colli": [{"barcode": parcel.sscc, "grams": parcel.weight_grams} for parcel in plan.parcels],
    }


def booked(confirmation: Confirmation) -> Booked:
    """Return what was booked."""
    return Booked(
        reference=confirmation.bookingNumber,
        parcels=tuple(
            BookedParcel(sscc=c.barcode, tracking_number=c.trackingId, label_ref=c.labelZplUrl) for c in confirmation.colli
        ),
    )
