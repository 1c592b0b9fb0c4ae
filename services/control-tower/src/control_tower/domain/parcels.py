"""Where parcels are, as their carriers told it last, and whether they are late."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from pydantic import AwareDatetime, BaseModel

PLANNED, ETA, DELIVERED = "transport.shipment-planned", "carrier.eta-changed", "carrier.delivered"
TOLD_OF = (PLANNED, "carrier.")
"""What the types of events begin with that say where parcels are, or when they should arrive."""


class Parcel(BaseModel):
    """One parcel, as its carrier told of it last."""

    tracking_number: str
    """Its number at the carrier."""
    correlation_id: str
    """The business transaction."""
    order_id: str
    """The order."""
    carrier_code: str
    """Who carries it."""
    milestone: str
    """What the carrier told last."""
    at: AwareDatetime
    """When that was."""
    location: str | None = None
    """Where, in the carrier's words; None when it gives no place."""
    located_at: AwareDatetime | None = None
    """When it was there: an older place is kept while later events name none."""
    promised_at: AwareDatetime | None = None
    """When the plan says it arrives."""
    expected_at: AwareDatetime | None = None
    """When it is expected now."""
    delivered_at: AwareDatetime | None = None
    """When it arrived."""
    is_late: bool = False
    """Whether it arrived, or is expected, after the plan; or has not arrived although the plan said so."""


def located(envelopes: Iterable[Mapping[str, Any]], now: datetime) -> list[Parcel]:
    """Return the parcels of which carriers told something, by number; the order of the events does not count."""
    told = sorted(envelopes, key=lambda envelope: (str(envelope["time"]), str(envelope["id"])))
    promised = {
        one["data"]["shipment_id"]: datetime.fromisoformat(one["data"]["planned_delivery_at"])
        for one in told
        if one["type"].startswith(PLANNED)
    }
    parcels: dict[str, Parcel] = {}
    for envelope in told:
        data = envelope["data"]
        if number := data.get("tracking_number"):
            before = parcels.get(number)
            parcels[number] = _told(before, envelope, promised.get(data["shipment_id"]))
    for parcel in parcels.values():
        parcel.is_late = _is_late(parcel, now)
    return [parcels[number] for number in sorted(parcels)]


def _told(before: Parcel | None, envelope: Mapping[str, Any], promised_at: datetime | None) -> Parcel:
    data, kind = envelope["data"], str(envelope["type"]).rsplit(".", 1)[0]
    at = datetime.fromisoformat(str(envelope["time"]))
    place = data.get("location")
    return Parcel(
        tracking_number=data["tracking_number"],
        correlation_id=envelope["correlationid"],
        order_id=data["order_id"],
        carrier_code=data["carrier_code"],
        milestone=kind.removeprefix("carrier."),
        at=at,
        location=place or (before.location if before else None),
        located_at=at if place else (before.located_at if before else None),
        promised_at=promised_at or (before.promised_at if before else None),
        expected_at=data["eta"] if kind == ETA else (before.expected_at if before else None),
        delivered_at=at if kind == DELIVERED else (before.delivered_at if before else None),
    )


def _is_late(parcel: Parcel, now: datetime) -> bool:
    if parcel.promised_at is None:
        return False
    return (parcel.delivered_at or max(parcel.expected_at or now, now)) > parcel.promised_at
