"""A customer sees how far the shipment is, in whatever order it was told, and nothing that is not theirs to see."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from canonical import Envelope

from control_tower.domain.tracking import Tracked, masked_name, town, track
from control_tower.domain.zones import zone_of

from ..fakes import NOON, envelope

ADDRESS = {"name": "Ada Berg", "street": "Marktstraße 1", "city": "Lyon", "postal_code": "69007", "country": "FR"}


def event(name: str, hours: float, shipment: str | None = "SH-1", **more: Any) -> Envelope:
    data = {**({"shipment_id": shipment} if shipment else {}), **more.pop("data", {})}
    return envelope(name, hours * 3600, id=f"{name}/{shipment}/{hours}", data=data, **more)


PROMISED = (NOON + timedelta(days=3)).isoformat()
LIFE = (
    event("order.released.v1", 0, None, data={"ship_to": ADDRESS, "promised_at": PROMISED}),
    event("transport.shipment-planned.v1", 1, data={"planned_delivery_at": (NOON + timedelta(days=2)).isoformat()}),
    event("carrier.carrier-booked.v1", 2, data={"parcels": [{"tracking_number": "T1"}, {"tracking_number": "T2"}]}),
    event("warehouse.shipment-dispatched.v1", 3, data={"carrier_code": "swiftparcel"}),
    event("carrier.in-transit.v1", 5, data={"tracking_number": "T1", "location": "Depot 7, Lille, FR"}),
    event("carrier.eta-changed.v1", 6, data={"tracking_number": "T1", "eta": (NOON + timedelta(days=4)).isoformat()}),
    event("carrier.out-for-delivery.v1", 7, data={"tracking_number": "T2", "location": "12 Rue X, 69007 Lyon"}),
)
DELIVERED = event("carrier.delivered.v1", 8, data={"tracking_number": "T1", "signed_by": "A. Berg"})
OTHER = event("carrier.delivered.v1", 9, "SH-2", data={"tracking_number": "T9", "signed_by": "Z"})


def seen(*events: Envelope) -> Tracked:
    found = track("SH-1", events)
    assert found
    return found


@given(st.permutations([*LIFE, DELIVERED, OTHER]))
def test_it_does_not_matter_in_which_order_it_was_told(events: list[Envelope]) -> None:
    assert seen(*events) == seen(*LIFE, DELIVERED, OTHER)


def test_a_shipment_on_its_tour() -> None:
    found = seen(*LIFE)
    assert (found.status, found.place, found.zone, found.carrier) == (
        "tour",
        "Lille, FR",
        "Europe/Paris",
        "swiftparcel",
    )
    assert found.promised_at == NOON + timedelta(days=3)
    assert found.expected_at == NOON + timedelta(days=4)
    assert [(parcel.tracking_number, parcel.step) for parcel in found.parcels] == [("T1", "travelling"), ("T2", "tour")]


def test_a_late_report_takes_no_delivery_back() -> None:
    late = event("carrier.in-transit.v1", 30, data={"tracking_number": "T2"})
    found = seen(*LIFE, DELIVERED, late)
    assert found.status == "delivered"
    assert {parcel.step for parcel in found.parcels} == {"delivered"}
    assert found.signed_by == "A••• B•••"


def test_a_delivery_that_was_corrected_is_none() -> None:
    retracted = event("carrier.delivery-attempted.v1", 8.5, data={"tracking_number": "T1"}, correctionof=DELIVERED.id)
    found = seen(*LIFE, DELIVERED, retracted)
    assert (found.status, found.delivered_at, found.signed_by) == ("attempted", None, None)


def test_the_proof_tells_the_delivery_only_once() -> None:
    at = DELIVERED.time.isoformat()
    proof = event("carrier.proof-of-delivery-received.v1", 9, data={"delivered_at": at, "signed_by": "A. Berg"})
    found = seen(*LIFE, DELIVERED, proof)
    assert [step.at for step in found.steps if step.name == "delivered"] == [DELIVERED.time]


def test_nothing_of_another_shipment_is_seen() -> None:
    found = seen(*LIFE, OTHER)
    assert found.status == "tour"
    assert "T9" not in str(found)


def test_an_order_cancelled_before_it_left() -> None:
    ended = event("order.completed.v1", 4, None, data={"outcome": "cancelled"})
    assert seen(*LIFE[:3], ended).status == "cancelled"
    assert seen(*LIFE[:5], ended).status == "travelling"


def test_a_refused_booking_is_no_matter_of_the_customers() -> None:
    refused = event("carrier.delivery-exception.v1", 2.5, data={"reason": "booking-rejected"})
    assert seen(*LIFE[:3], refused).status == "announced"


def test_of_an_unknown_shipment_nothing_is_known() -> None:
    assert track("SH-9", LIFE) is None


@pytest.mark.parametrize(
    ("location", "seen"),
    [
        ("Leipzig, DE", "Leipzig, DE"),
        ("Marktstraße 9, 20095 Hamburg, Germany", "Germany"),
        ("Parcel shop Marktstraße 9, Hamburg", "Hamburg"),
        ("", None),
        (None, None),
        ("12345", None),
    ],
)
def test_a_place_is_told_by_its_town(location: str | None, seen: str | None) -> None:
    assert town(location) == seen


@pytest.mark.parametrize(
    ("name", "seen"), [("Ada Berg", "A••• B•••"), ("a.berg", "A••• B•••"), ("", None), (" . ", None), (None, None)]
)
def test_names_are_masked(name: str | None, seen: str | None) -> None:
    assert masked_name(name) == seen


@pytest.mark.parametrize(
    ("country", "code", "zone"),
    [
        ("DE", "20095", "Europe/Berlin"),
        ("ES", "38001", "Atlantic/Canary"),
        ("PT", "9500-001", "Atlantic/Azores"),
        ("US", "10001", "America/New_York"),
        ("US", "37901", "America/New_York"),
        ("US", "37201", "America/Chicago"),
        ("US", "85001", "America/Phoenix"),
        ("US", "94103", "America/Los_Angeles"),
        ("CA", "v5k 0a1", "America/Vancouver"),
        ("AU", "0800", "Australia/Darwin"),
        ("US", "", None),
        ("XX", "1", None),
    ],
)
def test_a_zone_follows_from_country_and_postal_code(country: str, code: str, zone: str | None) -> None:
    assert zone_of(country, code) == zone
