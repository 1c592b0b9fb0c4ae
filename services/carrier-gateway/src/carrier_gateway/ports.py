"""What carrier-gateway needs from outside."""

from collections.abc import Sequence
from typing import Any, ClassVar, Literal, Protocol

from canonical.transport import ShipmentPlanned
from chassis import Book, Effect, Permanent

from carrier_gateway.domain import Booking, Label, Manifest, OrderIndex, Pointer, Shipment
from carrier_gateway.domain.reports import Mapped, RawMessage


class BookingRefused(Permanent):
    """The carrier will not take the shipment: another carrier may."""

    def __init__(self, reason: str, *, code: str) -> None:
        super().__init__(reason, remedy="choose-another-carrier")
        self.code = code


class BookShipment(Effect):
    """Book a planned shipment at its carrier."""

    name: ClassVar[str] = "book-shipment"
    replay: ClassVar[Literal["deduplicate", "suppress"]] = "deduplicate"
    ended_by_flow: ClassVar[tuple[type[Permanent], ...]] = (BookingRefused,)

    shipment_id: str
    plan: ShipmentPlanned


class CancelBooking(Effect):
    """Take back a booking of which nothing has left."""

    name: ClassVar[str] = "cancel-booking"
    replay: ClassVar[Literal["deduplicate", "suppress"]] = "deduplicate"
    urgent: ClassVar[bool] = True

    shipment_id: str
    carrier_code: str
    booking_reference: str


class CloseOut(Effect):
    """Hand a carrier the manifest of what it collects at a site."""

    name: ClassVar[str] = "close-out"
    replay: ClassVar[Literal["deduplicate", "suppress"]] = "deduplicate"

    manifest_id: str
    carrier_code: str
    references: tuple[str, ...]


class CallBackCarrier(Effect):
    """Answer a carrier's handshake by the call it asks for."""

    name: ClassVar[str] = "call-back-carrier"
    replay: ClassVar[Literal["deduplicate", "suppress"]] = "suppress"

    carrier_code: str
    url: str
    body: Any = None


class Carrier(Protocol):
    """A carrier that can be booked."""

    async def book(self, plan: ShipmentPlanned, *, key: str) -> Booking:
        """Book a shipment once, however often it is asked.

        Raises:
            BookingRefused: the carrier will not take it.
            Temporary: whether it is booked is not known yet.
            Permanent: a person has to look.
        """
        ...

    async def cancel(self, reference: str, *, key: str) -> None:
        """Cancel a booking; one that is gone already counts as cancelled.

        Raises:
            Temporary: no answer yet.
            Permanent: the carrier refuses.
        """
        ...

    async def close_out(self, references: Sequence[str], *, key: str) -> str:
        """Hand over the manifest of these bookings; returns the carrier's number for it.

        Raises:
            Temporary: no answer yet.
            Permanent: the carrier refuses.
        """

    async def label(self, label_ref: str) -> tuple[bytes, str]:
        """Return a label's bytes and their media type.

        Raises:
            Temporary: no answer.
            Permanent: there is no such label, or the reference points elsewhere.
        """
        ...


Shipments = Book[Shipment]
"""Shipments by id."""
Pointers = Book[Pointer]
"""Where tracking numbers belong, by carrier and number."""
Orders = Book[OrderIndex]
"""The shipments of each order."""
Manifests = Book[Manifest]
"""Manifests by id."""


class Desk(Protocol):
    """All that is known of shipments within one transaction."""

    @property
    def shipments(self) -> Shipments:
        """Shipments by id."""

    @property
    def pointers(self) -> Pointers:
        """Tracking numbers."""

    @property
    def orders(self) -> Orders:
        """Orders."""

    @property
    def manifests(self) -> Manifests:
        """Manifests."""

    async def to_close(self, carrier: str, site: str) -> Sequence[Shipment]:
        """Return what is booked at a carrier for a site and on no manifest yet, locked."""


class Labels(Protocol):
    """Labels within one transaction."""

    def keep(self, label: Label) -> None:
        """Keep a label; the first of a parcel counts."""


class Raws(Protocol):
    """Carriers' messages within one transaction."""

    def keep(self, message: RawMessage) -> None:
        """Keep a message."""

    async def reopen(self, seqs: Sequence[int]) -> None:
        """Have messages count as not mapped."""

    async def mark(self, found: Sequence[Mapped]) -> set[int]:
        """Note messages as mapped; returns those that were not before."""
