"""swiftparcel's shapes to ours and back; pure."""

import hashlib
from typing import Any

import orjson
from pydantic import ValidationError

from canonical.transport import ShipmentPlanned
from canonical.values import Address, BookedParcel
from chassis import Permanent

from carrier_gateway.connectors.swiftparcel.wire import Place, Scan, ShipmentAnswer
from carrier_gateway.domain import Booking, Fact, Kind
from carrier_gateway.domain.reports import Reading, Report

CARRIER = "swiftparcel"
KINDS: dict[str, Kind] = {
    "PU": "picked-up",
    "IT": "in-transit",
    "AR": "arrived-at-facility",
    "CU": "customs-hold",
    "OD": "out-for-delivery",
    "NH": "delivery-attempted",
    "HP": "available-for-pickup",
    "EX": "delivery-exception",
    "DY": "delivery-delayed",
    "ETA": "eta-changed",
    "RS": "return-in-transit",
    "DL": "delivered",
    "POD": "proof-of-delivery",
}


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
    )


def readings(body: bytes) -> list[Reading]:
    """Return the one event of a webhook's body.

    Raises:
        ValueError: it is no JSON object.
    """
    raw = orjson.loads(body)
    if not isinstance(raw, dict):
        raise ValueError("the body must be a JSON object")
    event_id = str(raw.get("event_id") or hashlib.sha256(body).hexdigest())
    try:
        return [Reading(event_id, raw, report(Scan.model_validate(raw)))]
    except ValidationError as error:
        return [Reading(event_id, raw, Permanent(f"scan cannot be read: {error}", remedy="fix-at-sender"))]


def report(scan: Scan) -> Report | Permanent:
    """Return a scan in our words, or why it has none."""
    kind = KINDS.get(scan.code)
    if kind is None:
        return Permanent(f"scan code '{scan.code}' of {CARRIER} is not mapped", remedy="map-scan-code")
    fact = Fact(
        kind=kind,
        at=scan.at,
        code=scan.code,
        text=scan.note or "",
        place=_place(scan.place),
        reason=scan.note,
        eta=scan.eta,
        signed_by=scan.signed_by,
        document_ref=scan.pod_url,
    )
    return Report(carrier_code=CARRIER, tracking_number=scan.tracking_number, fact=fact)


def _place(place: Place | None) -> str | None:
    return ", ".join(part for part in (place.city, place.country) if part) or None if place else None


def _address(found: Address) -> dict[str, Any]:
    return {
        "name": found.name,
        "street": found.street,
        "city": found.city,
        "postal_code": found.postal_code,
        "country": found.country,
        "region": found.region,
    }
