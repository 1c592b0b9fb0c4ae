"""What carrier-gateway needs from outside."""

from typing import ClassVar, Literal, Protocol

from canonical.transport import ShipmentPlanned
from chassis import Effect

from carrier_gateway.domain import Booked, Parcel, Shipment


class BookShipment(Effect):
    """Book a shipment at its carrier."""

    name: ClassVar[str] = "book-shipment"
    replay: ClassVar[Literal["deduplicate", "suppress"]] = "deduplicate"

    plan: ShipmentPlanned

    @property
    def shipment_id(self) -> str:
        """The shipment."""
        return str(self.plan.shipment_id)


class Shipments(Protocol):
    """Shipments by id."""

    async def get(self, key: str) -> Shipment | None:
        """Return a shipment, locked."""
        ...

    def put(self, key: str, document: Shipment) -> None:
        """Keep a shipment."""
        ...


class Parcels(Protocol):
    """Tracking numbers."""

    async def get(self, key: str) -> Parcel | None:
        """Return what is known of a tracking number, locked."""
        ...

    def put(self, key: str, document: Parcel) -> None:
        """Keep it."""
        ...


class Carrier(Protocol):
    """One carrier."""

    async def book(self, plan: ShipmentPlanned, *, key: str) -> Booked:
        """Book a shipment; the same key, or the same shipment, books once.

        Raises:
            Temporary: the carrier is away.
            Rejected: it refuses the shipment.
        """
        ...
