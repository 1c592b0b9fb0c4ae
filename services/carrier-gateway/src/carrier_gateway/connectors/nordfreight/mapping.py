"""nordfreight's shapes to ours and back; pure."""

from typing import Any

from canonical.transport import ShipmentPlanned
from canonical.values import Address, BookedParcel

from carrier_gateway.connectors.nordfreight.wire import BookingAnswer
from carrier_gateway.domain import Booking


def request_body(plan: ShipmentPlanned) -> dict[str, Any]:
    """Return a booking in the carrier's words."""
    return {
        "customerReference": plan.shipment_id,
        "product": plan.service_code,
        "consignor": _address(plan.ship_from),
        "consignee": _address(plan.ship_to) | {"email": plan.contact.email, "phone": plan.contact.phone},
        "colli": [{"barcode": parcel.sscc, "grams": parcel.weight_grams} for parcel in plan.parcels],
    }


def booking(answer: BookingAnswer) -> Booking:
    """Return the carrier's answer to a booking."""
    return Booking(
        reference=answer.booking_number,
        parcels=tuple(
            BookedParcel(sscc=collo.barcode, tracking_number=collo.tracking_id, label_ref=collo.label_zpl_url)
            for collo in answer.colli
        ),
        labels={
            collo.tracking_id: (collo.label.media_type, collo.label.content_base64)
            for collo in answer.colli
            if collo.label
        },
    )


def _address(found: Address) -> dict[str, Any]:
    return {
        "name": found.name,
        "street": found.street,
        "city": found.city,
        "postalCode": found.postal_code,
        "country": found.country,
        "region": found.region,
    }
