"""Where parcels are: the latest word counts, whatever order the events come in."""

from datetime import timedelta
from typing import Any

from control_tower.domain.parcels import located

from ..fakes import NOON, envelope

TELLS = {"shipment_id": "SH-1", "carrier_code": "swiftparcel", "tracking_number": "T-1"}


def told(kind: str, hours: float, **more: Any) -> dict[str, Any]:
    return envelope(f"carrier.{kind}.v1", hours * 3600, data=TELLS | more).model_dump(mode="json")


def planned(hours: float) -> dict[str, Any]:
    due = (NOON + timedelta(hours=hours)).isoformat()
    data = {"shipment_id": "SH-1", "carrier_code": "swiftparcel", "planned_delivery_at": due}
    return envelope("transport.shipment-planned.v1", data=data).model_dump(mode="json")


def test_latest_word_counts_and_an_older_place_is_kept() -> None:
    events = [
        planned(48),
        told("in-transit", 2, location="Leipzig, DE"),
        told("out-for-delivery", 5),
        told("picked-up", 1),
    ]
    for order in (events, events[::-1]):
        (parcel,) = located(order, NOON + timedelta(hours=6))
        assert (parcel.milestone, parcel.location) == ("out-for-delivery", "Leipzig, DE")
        assert (parcel.at, parcel.located_at) == (NOON + timedelta(hours=5), NOON + timedelta(hours=2))
        assert not parcel.is_late


def test_late_is_past_the_plan_or_expected_to_be() -> None:
    scan = told("in-transit", 2)
    assert located([planned(4), scan], NOON + timedelta(hours=5))[0].is_late
    eta = (NOON + timedelta(hours=9)).isoformat()
    assert located([planned(8), told("eta-changed", 3, eta=eta)], NOON + timedelta(hours=4))[0].is_late
    assert not located([planned(8), told("delivered", 7)], NOON + timedelta(hours=99))[0].is_late
    assert not located([scan], NOON + timedelta(hours=99))[0].is_late


def test_parcel_without_a_place_is_there_all_the_same() -> None:
    (parcel,) = located([told("picked-up", 1)], NOON)
    assert (parcel.location, parcel.located_at) == (None, None)
