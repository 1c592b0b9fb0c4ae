"""The TMS' shapes to ours and back; pure."""

from collections.abc import Iterable, Sequence
from typing import Any

from canonical.values import Address, Parcel
from pydantic import ValidationError

from transport_planner.connectors.tms.wire import RateQuote
from transport_planner.domain import Quote


def quotes(rows: Iterable[Any]) -> list[Quote]:
    """Return the usable quotes; one odd row does not spoil the answer."""
    found: list[Quote] = []
    for row in rows:
        try:
            quote = RateQuote.model_validate(row)
        except ValidationError:
            continue
        found.append(
            Quote(
                carrier_code=quote.carrier,
                service_code=quote.service,
                mode=quote.mode,
                amount=quote.amount,
                currency=quote.currency,
                transit_days=quote.transitDays,
            )
        )
    return found


def request_body(
    *, shipment_id: str, ship_from: Address, ship_to: Address, service_level: str, parcels: Sequence[Parcel]
) -> dict[str, Any]:
    """Return a rate request in the TMS' words."""
    return {
        "shipmentId": shipment_id,
        "from": ship_from.model_dump(mode="json"),
        "to": ship_to.model_dump(mode="json"),
        "serviceLevel": service_level,
        "parcels": [
            {
                "sscc": parcel.sscc,
                "weightGrams": parcel.weight_grams,
                "lengthMm": parcel.length_mm,
                "widthMm": parcel.width_mm,
                "heightMm": parcel.height_mm,
            }
            for parcel in parcels
        ],
    }
