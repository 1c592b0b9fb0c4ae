"""Ports kept in memory, and samples."""

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import httpx
from prometheus_client import CollectorRegistry

from canonical.transport import ShipmentPlanned
from canonical.values import Address, BookedParcel, Contact, LineQuantity, Money, Parcel
from chassis import FixedClock, Permanent
from chassis.testing import FakeBook

from carrier_gateway.domain import Booking, Fact, Kind, Label, Manifest, OrderIndex, Pointer, Shipment

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
SSCC = ("340000000000000017", "340000000000000024")
TN = ("T-1", "T-2")
ADDRESS = Address(name="Ada", street="Weg 1", city="Berlin", postal_code="10115", country="DE")
CONTACT = Contact(email="ada@example.com", phone="+49 30 1", language="de")


class FakeDesk:
    """All documents of the service."""

    def __init__(self) -> None:
        self.shipments = FakeBook[Shipment]()
        self.pointers = FakeBook[Pointer]()
        self.orders = FakeBook[OrderIndex]()
        self.manifests = FakeBook[Manifest]()

    async def to_close(self, carrier: str, site: str) -> list[Shipment]:
        found = self.shipments.by_key.values()
        return [one for one in found if (one.carrier_code, one.site, one.manifest_id) == (carrier, site, None)]


class FakeLabels:
    """Labels that were kept."""

    def __init__(self) -> None:
        self.kept: list[Label] = []

    def keep(self, label: Label) -> None:
        self.kept.append(label)


class FakeHttp:
    """Answers calls by a function of method and path, and remembers them."""

    def __init__(self, answer: Callable[[str, str], httpx.Response]) -> None:
        self.calls: list[tuple[str, str, Any, str | None]] = []
        self._answer = answer

    async def request(
        self,
        method: str,
        path: str,
        *,
        json: Any = None,
        params: Any = None,
        idempotency_key: str | None = None,
    ) -> httpx.Response:
        self.calls.append((method, path, json or params, idempotency_key))
        return self._answer(method, path)


class FakeService:
    """The stores of the service, for reading."""

    def __init__(self) -> None:
        self.desk = FakeDesk()
        self.clock = FixedClock(NOON)
        self.metrics = SimpleNamespace(registry=CollectorRegistry())

    def store(self, kind: Any) -> Any:
        del kind
        return _Opened(self.desk)


class _Opened:
    def __init__(self, desk: FakeDesk) -> None:
        self._desk = desk

    async def __aenter__(self) -> FakeDesk:
        return self._desk

    async def __aexit__(self, *_: object) -> None:
        return None


class FakeCarrier:
    """A carrier that has a label for every reference but one."""

    async def label(self, label_ref: str) -> tuple[bytes, str]:
        if label_ref == "gone":
            raise Permanent("no such label", remedy="check-label-reference")
        return label_ref.encode(), "application/x-zpl"


def plan(shipment_id: str = "SH-1", parcels: int = 1, carrier: str = "swiftparcel") -> ShipmentPlanned:
    content = LineQuantity(line_number=10, sku="SKU-1", quantity=1)
    return ShipmentPlanned(
        occurred_at=NOON,
        order_id="SO-1",
        shipment_id=shipment_id,
        warehouse_order_id="WO-1",
        site="DC-BER",
        customer_id="C-1",
        mode="parcel",
        carrier_code=carrier,
        service_code="standard",
        ship_from=ADDRESS,
        ship_to=ADDRESS,
        contact=CONTACT,
        parcels=tuple(
            Parcel(sscc=SSCC[n], weight_grams=500, length_mm=1, width_mm=1, height_mm=1, contents=(content,))
            for n in range(parcels)
        ),
        planned_pickup_at=NOON,
        planned_delivery_at=NOON,
        cost=Money(amount=Decimal("5.00"), currency="EUR"),
    )


def booking(parcels: int = 1) -> Booking:
    booked = [BookedParcel(sscc=SSCC[n], tracking_number=TN[n], label_ref=f"/labels/{TN[n]}") for n in range(parcels)]
    return Booking(reference="BK-1", parcels=tuple(booked))


def shipment(parcels: int = 1) -> Shipment:
    names = Shipment.model_fields.keys() - {"parcels"}
    made = Shipment(**plan().model_dump(include=names), stage="booking", since=NOON)
    made.book(booking(parcels), NOON)
    return made


def fact(kind: Kind, hours: float = 1, **more: Any) -> Fact:
    at = datetime.fromtimestamp(NOON.timestamp() + hours * 3600, UTC)
    return Fact(kind=kind, at=at, code=kind[:3].upper(), **more)
