"""The TMS' shapes to ours and back; pure."""

from collections.abc import Iterable
from typing import Any

from pydantic import ValidationError

from canonical.values import Address

from transport_planner.connectors.tms.wire import RateQuote
from transport_planner.domain import Quote
from transport_planner.ports import Consignment


def quotes(rows: Iterable[Any]) -> tuple[list[Quote], list[str]]:
    """Return the usable quotes, and what is wrong with each of the others: one odd row does not spoil the answer."""
    usable: list[Quote] = []
    odd: list[str] = []
    for row in rows:
        try:
            usable.append(quote(RateQuote.model_validate(row)))
        except ValidationError as error:
            odd.append("; ".join(f"{'.'.join(map(str, item['loc']))}: {item['msg']}" for item in error.errors()))
    return usable, odd


def quote(row: RateQuote) -> Quote:
    """Return a quote."""
    return Quote(
        carrier_code=row.carrier,
        service_code=row.service,
        mode=row.mode,
        amount=row.amount,
        currency=row.currency,
        transit_days=row.transit_days,
    )


def request_body(consignment: Consignment) -> dict[str, Any]:
    """Return a rate request in the TMS' words."""
    return {
        "shipmentId": consignment.shipment_id,
        "from": address(consignment.ship_from),
        "to": address(consignment.ship_to),
        "serviceLevel": consignment.service_level,
        "parcels": [
            {
                "sscc": parcel.sscc,
                "weightGrams": parcel.weight_grams,
                "lengthMm": parcel.length_mm,
                "widthMm": parcel.width_mm,
                "heightMm": parcel.height_mm,
            }
            for parcel in consignment.parcels
        ],
    }


def address(found: Address) -> dict[str, Any]:
    """Return an address in the TMS' words."""
    return {
        "name": found.name,
        "street": found.street,
        "city": found.city,
        "postalCode": found.postal_code,
        "country": found.country,
        "region": found.region,
    }
