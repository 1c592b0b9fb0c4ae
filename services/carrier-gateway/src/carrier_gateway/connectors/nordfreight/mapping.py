"""nordfreight's shapes to ours and back; pure."""

import hashlib
from typing import Any

import orjson
from pydantic import ValidationError

from canonical.transport import ShipmentPlanned
from canonical.values import Address, BookedParcel
from chassis import Permanent

from carrier_gateway.connectors.nordfreight.wire import BookingAnswer, Message, Status
from carrier_gateway.domain import Booking, Fact, Kind
from carrier_gateway.domain.reports import Reading, Report

CARRIER = "nordfreight"
KINDS: dict[str, Kind] = {
    "COLLECTED": "picked-up",
    "LINEHAUL": "in-transit",
    "DEPOT": "arrived-at-facility",
    "CUSTOMS": "customs-hold",
    "DELIVERY_TOUR": "out-for-delivery",
    "NOT_HOME": "delivery-attempted",
    "SHOP": "available-for-pickup",
    "PROBLEM": "delivery-exception",
    "DELAY": "delivery-delayed",
    "ETA": "eta-changed",
    "RETURN": "return-in-transit",
    "DELIVERED": "delivered",
    "POD": "proof-of-delivery",
}


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
    )


def readings(body: bytes) -> list[Reading]:
    """Return the events of a webhook's body, each by itself, so that an odd one costs the others nothing.

    Raises:
        ValueError: it is no JSON, or has no list of events.
    """
    return [_reading(raw) for raw in Message.model_validate(orjson.loads(body)).events]


def _reading(raw: Any) -> Reading:  # noqa: ANN401  any JSON value
    named = raw.get("id") if isinstance(raw, dict) else None
    event_id = str(named or hashlib.sha256(orjson.dumps(raw)).hexdigest())
    try:
        return Reading(event_id, raw, report(Status.model_validate(raw)))
    except ValidationError as error:
        return Reading(event_id, raw, Permanent(f"status cannot be read: {error}", remedy="fix-at-sender"))


def report(found: Status) -> Report | Permanent:
    """Return a status in our words, or why it has none."""
    kind = KINDS.get(found.status)
    if kind is None:
        return Permanent(f"status '{found.status}' of {CARRIER} is not mapped", remedy="map-scan-code")
    fact = Fact(
        kind=kind,
        at=found.time,
        code=found.status,
        text=found.reason or "",
        place=", ".join(part for part in (found.city, found.country) if part) or None,
        reason=found.reason,
        eta=found.eta,
        signed_by=found.receiver,
        document_ref=found.pod,
    )
    return Report(carrier_code=CARRIER, tracking_number=found.tracking_id, fact=fact)


def _address(found: Address) -> dict[str, Any]:
    return {
        "name": found.name,
        "street": found.street,
        "city": found.city,
        "postalCode": found.postal_code,
        "country": found.country,
        "region": found.region,
    }
