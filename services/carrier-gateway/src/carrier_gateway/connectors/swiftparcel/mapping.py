"""swiftparcel's shapes to ours and back; pure."""

from typing import Any

from canonical.transport import ShipmentPlanned
from canonical.values import Address, BookedParcel

from carrier_gateway.connectors.swiftparcel.wire import ShipmentAnswer
from carrier_gateway.domain import Booking


def request_body(plan: ShipmentPlanned) -> dict[str, Any]:
    """Return a booking in the carrier's words."""
    return {
        "reference": plan.shipment_id,
        "service": plan.service_code,
        "sender": _address(plan.ship_from),
        "recipient": _address(plan.ship_to) | {"email": plan.contact.email, "phone": plan.contact.phone},
        "packages": [{"ref": parcel.sscc, "weight_g": parcel.weight_grams} for parcel in plan.parcels],
    }


def booking(answer: ShipmentAnswer) -> Booking:
    """Return the carrier's answer to a booking."""
    return Booking(
        reference=answer.id,
        parcels=tuple(
            BookedParcel(sscc=package.ref, tracking_number=package.tracking_number, label_ref=package.label_url)
            for package in answer.packages
        ),
        labels={
            package.tracking_number: (package.label.media_type, package.label.content_base64)
            for package in answer.packages
            if package.label
        },
    )


def _address(found: Address) -> dict[str, Any]:
    return {
        "name": found.name,
        "street": found.street,
        "city": found.city,
        "postal_code": found.postal_code,
        "country": found.country,
        "region": found.region,
    }
