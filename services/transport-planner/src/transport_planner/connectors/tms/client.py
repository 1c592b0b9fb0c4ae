"""Calls to the TMS."""

from collections.abc import Sequence

from canonical.values import Address, Parcel
from chassis import Http

from transport_planner.connectors.tms import mapping
from transport_planner.domain import Quote


class TmsClient:
    """The TMS over HTTP."""

    def __init__(self, http: Http) -> None:
        self._http = http

    async def quotes(
        self, *, shipment_id: str, ship_from: Address, ship_to: Address, service_level: str, parcels: Sequence[Parcel]
    ) -> list[Quote]:
        """Return what carriers ask."""
        body = mapping.request_body(
            shipment_id=shipment_id, ship_from=ship_from, ship_to=ship_to, service_level=service_level, parcels=parcels
        )
        answer = await self._http.request("POST", "/rates", json=body)
        return mapping.quotes(answer.json()["quotes"])
