"""SwiftParcel's shapes to ours and back; pure."""

from collections.abc import Mapping
from typing import Any

from canonical.transport import ShipmentPlanned
from canonical.values import BookedParcel

from carrier_gateway.connectors.swiftparcel.wire import Created, Event
from carrier_gateway.domain import Booked, Kind, Scan

CARRIER = "swiftparcel"
KINDS: Mapping[str, Kind] = {
    "PU": "picked-up", "IT": "in-transit", "AR": "arrived", "CU": "customs", "OD": "out-for-delivery", "NH": "attempted",
    "EX": "exception", "DL": "delivered", "POD": "proof", "ETA": "eta", "DY": "delayed", "RS": "returning",
    "HP": "pickup-point",
}  # fmt: skip


def scan(event: Event) -> Scan:
    """Return a scan; a code we do not know is `unmapped`."""
    place = event.place
    return Scan(
        carrier_code=CARRIER,
        scan_id=event.event_id,
        tracking_number=event.tracking_number,
        kind=KINDS.get(event.code, "unmapped"),
        at=event.at,
        code=event.code,
        description=event.note or "",
        location=", ".join(filter(None, (place.city, place.country))) or None if place else None,
        reason=event.note,
        signed_by=event.signed_by,
        document_ref=event.pod_url,
        eta=event.eta,
    )


def booking(plan: ShipmentPlanned) -> dict[str, Any]:
    """Return a booking in SwiftParcel's words."""
    return {
        "reference": plan.shipment_id,
        "service": plan.service_code,
        "sender": plan.ship_from.model_dump(mode="json"),
        "recipient": plan.ship_to.model_dump(mode="json"),
        "packages": [{"ref": parcel.sscc, "weight_g": parcel.weight_grams} for parcel in plan.parcels],
    }


def booked(created: Created) -> Booked:
    """Return what was booked."""
    return Booked(
        reference=created.id,
        parcels=tuple(
            BookedParcel(sscc=p.ref, tracking_number=p.tracking_number, label_ref=p.label_url) for p in created.packages
        ),
    )
