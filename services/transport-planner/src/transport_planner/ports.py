"""What transport-planner needs from outside."""

from collections.abc import Sequence
from typing import ClassVar, Literal, Protocol

from canonical.orders import ServiceLevel
from canonical.values import Address, Parcel
from chassis import Effect

from transport_planner.domain import Plan, Quote


class RateShipment(Effect):
    """Ask what carriers want for a shipment."""

    name: ClassVar[str] = "rate-shipment"
    replay: ClassVar[Literal["deduplicate", "suppress"]] = "deduplicate"

    plan: str
    shipment_id: str
    ship_from: Address
    ship_to: Address
    service_level: ServiceLevel
    parcels: tuple[Parcel, ...]


class RateReturn(Effect):
    """Ask what carriers want for bringing goods back."""

    name: ClassVar[str] = "rate-return"
    replay: ClassVar[Literal["deduplicate", "suppress"]] = "deduplicate"

    return_id: str
    order_id: str
    customer_id: str
    contact_email: str
    contact_language: str
    site: str
    ship_from: Address
    ship_to: Address


class Plans(Protocol):
    """Plans by key."""

    async def get(self, key: str) -> Plan | None:
        """Return a plan, locked."""
        ...

    def put(self, key: str, document: Plan) -> None:
        """Keep a plan."""
        ...


class Rates(Protocol):
    """The transport management system."""

    async def quotes(
        self, *, shipment_id: str, ship_from: Address, ship_to: Address, service_level: str, parcels: Sequence[Parcel]
    ) -> list[Quote]:
        """Return what carriers ask.

        Raises:
            Temporary: it is away.
            Rejected: it cannot rate this.
        """
        ...
