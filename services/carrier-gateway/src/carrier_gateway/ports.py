"""What carrier-gateway needs from outside."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, ClassVar, Literal, NamedTuple, Protocol

from pydantic import BaseModel, ConfigDict

from canonical.transport import ShipmentPlanned
from chassis import Effect, Permanent

from carrier_gateway.domain import Booking, Fact, OrderIndex, Pointer, Shipment


class BookingRefused(Permanent):
    """The carrier will not take the shipment: another carrier may."""

    def __init__(self, reason: str, *, code: str) -> None:
        super().__init__(reason, remedy="choose-another-carrier")
        self.code = code


class BookShipment(Effect):
    """Book a planned shipment at its carrier."""

    name: ClassVar[str] = "book-shipment"
    replay: ClassVar[Literal["deduplicate", "suppress"]] = "deduplicate"

    shipment_id: str
    plan: ShipmentPlanned


class CancelBooking(Effect):
    """Take back a booking of which nothing has left."""

    name: ClassVar[str] = "cancel-booking"
    replay: ClassVar[Literal["deduplicate", "suppress"]] = "deduplicate"

    shipment_id: str
    carrier_code: str
    booking_reference: str


class Report(BaseModel):
    """One event of a carrier's webhook, in our words."""

    model_config = ConfigDict(frozen=True)

    carrier_code: str
    tracking_number: str
    fact: Fact


class Reading(NamedTuple):
    """One event of a webhook's body: its id at the carrier, its own JSON, and a report or why there is none."""

    event_id: str
    raw: Any
    report: Report | Permanent


class Carrier(Protocol):
    """A carrier that can be booked."""

    async def book(self, plan: ShipmentPlanned, *, key: str) -> Booking:
        """Book a shipment once, however often it is asked.

        Raises:
            BookingRefused: the carrier will not take it.
            Temporary: whether it is booked is not known yet.
            Permanent: its answer cannot be used; a person has to look.
        """
        ...

    async def cancel(self, reference: str, *, key: str) -> None:
        """Cancel a booking; one that is gone already counts as cancelled.

        Raises:
            Temporary: no answer yet.
            Permanent: the carrier refuses.
        """
        ...

    async def label(self, label_ref: str) -> tuple[bytes, str]:
        """Return a label's bytes and their media type.

        Raises:
            Temporary: no answer.
            Permanent: the carrier has no such label, or the reference points elsewhere.
        """
        ...


class Hook(Protocol):
    """The webhook dialect of a carrier."""

    def is_signed(self, body: bytes, headers: Mapping[str, str], *, secrets: Sequence[bytes], now: datetime) -> bool:
        """Say whether the carrier sent this, by any of the live secrets."""
        ...

    def read(self, body: bytes) -> list[Reading]:
        """Return the events of a body, each by itself.

        Raises:
            ValueError: it is no JSON, or has not the shape of a body.
        """
        ...


class Shipments(Protocol):
    """Shipments by id."""

    async def get(self, key: str) -> Shipment | None:
        """Return a shipment, locked."""
        ...

    def put(self, key: str, document: Shipment) -> None:
        """Keep a shipment."""
        ...


class Pointers(Protocol):
    """Where tracking numbers belong, by carrier and number."""

    async def load(self, keys: Iterable[str]) -> None:
        """Read many at once."""
        ...

    async def get(self, key: str) -> Pointer | None:
        """Return a pointer, locked."""
        ...

    def put(self, key: str, document: Pointer) -> None:
        """Keep a pointer."""
        ...


class Orders(Protocol):
    """The shipments of each order."""

    async def get(self, key: str) -> OrderIndex | None:
        """Return the index of an order, locked."""
        ...

    def put(self, key: str, document: OrderIndex) -> None:
        """Keep an index."""
        ...


class Desk(Protocol):
    """All that is known of shipments within one transaction."""

    @property
    def shipments(self) -> Shipments:
        """Shipments by id."""
        ...

    @property
    def pointers(self) -> Pointers:
        """Tracking numbers."""
        ...

    @property
    def orders(self) -> Orders:
        """Orders."""
        ...


def pointer_key(carrier_code: str, tracking_number: str) -> str:
    """Return the key of a tracking number; two carriers may use the same one."""
    return f"{carrier_code}:{tracking_number}"
