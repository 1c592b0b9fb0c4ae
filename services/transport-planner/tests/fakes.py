"""Ports kept in memory, and samples."""

from collections.abc import Callable
from datetime import UTC, datetime, time
from decimal import Decimal
from typing import Any, Literal

import httpx

from canonical.values import Address, Contact, LineQuantity, Parcel
from canonical.warehouse import PackCompleted

from transport_planner.domain import Load, Quote, Rule, Site, Sites

MONDAY = datetime(2026, 3, 2, 12, tzinfo=UTC)
PICKUP = datetime(2026, 3, 2, 15, tzinfo=UTC)
BERLIN = Address(name="DC Berlin", street="Dock 1", city="Berlin", postal_code="12277", country="DE")
PARIS = Address(name="A. Sample", street="Rue 1", city="Paris", postal_code="75001", country="FR")
CONTACT = Contact(email="a@example.com", language="fr")
SITES = Sites(sites={"DC-BER": Site(address=BERLIN, pickup_utc=time(15))}, return_piece_grams=500)
LINE = LineQuantity(line_number=10, sku="SKU-1", quantity=2)


class FakeHttp:
    """Answers calls by a function and remembers them."""

    def __init__(self, answer: Callable[[], httpx.Response]) -> None:
        self.calls: list[tuple[str, str, Any]] = []
        self._answer = answer

    async def request(self, method: str, path: str, *, json: Any = None) -> httpx.Response:
        self.calls.append((method, path, json))
        return self._answer()


def parcel(grams: int = 900) -> Parcel:
    return Parcel(
        sscc="340000000000000017", weight_grams=grams, length_mm=300, width_mm=200, height_mm=100, contents=(LINE,)
    )


def pack(**changes: Any) -> PackCompleted:
    values: dict[str, Any] = {
        "occurred_at": MONDAY,
        "site": "DC-BER",
        "warehouse_order_id": "WO-1-SO-1",
        "allocation_id": "AL-1-SO-1",
        "order_id": "SO-1",
        "customer_id": "C-1",
        "ship_to": PARIS,
        "contact": CONTACT,
        "service_level": "standard",
        "promised_at": datetime(2026, 3, 6, 18, tzinfo=UTC),
        "parcels": (parcel(),),
    }
    return PackCompleted(**(values | changes))


def quote(carrier: str, amount: str, days: int, mode: Literal["parcel", "ltl"] = "parcel") -> Quote:
    return Quote(
        carrier_code=carrier,
        service_code=f"{carrier}-std",
        mode=mode,
        amount=Decimal(amount),
        currency="EUR",
        transit_days=days,
    )


SWIFT = quote("swiftparcel", "12.30", 1)
NORD = quote("nordfreight", "9.80", 3)


def load(**changes: Any) -> Load:
    values: dict[str, Any] = {
        "country": "FR", "service_level": "standard", "weight_grams": 900, "parcels": 1, "pickup_at": PICKUP,
    }  # fmt: skip
    return Load(**(values | changes))


CHEAPEST = Rule(name="cheapest", choose="cheapest")
