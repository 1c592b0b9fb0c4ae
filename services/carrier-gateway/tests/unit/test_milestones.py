"""Every kind of fact as the event the mesh is told."""

from datetime import datetime

import pytest

from canonical.carrier import (
    ArrivedAtFacility,
    AvailableForPickup,
    CustomsHold,
    Delivered,
    DeliveryAttempted,
    DeliveryDelayed,
    DeliveryException,
    EtaChanged,
    InTransit,
    Milestone,
    OutForDelivery,
    PickedUp,
    ProofOfDeliveryReceived,
    ReturnInTransit,
)
from chassis import FixedClock

from carrier_gateway import handlers
from carrier_gateway.domain import RULES, Kind, Pointer
from carrier_gateway.domain.reports import Report

from ..fakes import CONTACT, NOON, TN, FakeDesk, fact, shipment

CLOCK = FixedClock(NOON)
EVENTS: dict[Kind, type[Milestone]] = {
    "picked-up": PickedUp,
    "in-transit": InTransit,
    "arrived-at-facility": ArrivedAtFacility,
    "customs-hold": CustomsHold,
    "out-for-delivery": OutForDelivery,
    "eta-changed": EtaChanged,
    "delivery-delayed": DeliveryDelayed,
    "delivery-attempted": DeliveryAttempted,
    "delivery-exception": DeliveryException,
    "available-for-pickup": AvailableForPickup,
    "delivered": Delivered,
    "return-in-transit": ReturnInTransit,
}


@pytest.fixture
def desk() -> FakeDesk:
    made = FakeDesk()
    made.shipments.put("SH-1", shipment(2))
    for number in TN:
        made.pointers.put(f"swiftparcel:{number}", Pointer(shipment_id="SH-1"))
    return made


async def report(desk: FakeDesk, kind: Kind, number: str = TN[0], hours: float = 1, **more: object) -> list[Milestone]:
    found = Report(carrier_code="swiftparcel", tracking_number=number, fact=fact(kind, hours, **more))
    return list(await handlers.note_report(found, desk=desk, clock=CLOCK))  # type: ignore[arg-type]


def test_every_kind_has_its_event() -> None:
    told = {kind for kind, rule in RULES.items() if rule.occurs != "never"}
    assert set(EVENTS) | {"proof-of-delivery"} == told


@pytest.mark.parametrize("kind", [kind for kind in EVENTS if kind != "delivered"])
async def test_fact_is_told_as_its_event(desk: FakeDesk, kind: Kind) -> None:
    found = fact("eta-changed", 50).at
    (told,) = await report(desk, kind, place="Leipzig, DE", reason="because", eta=found)
    assert type(told) is EVENTS[kind]
    assert (told.order_id, told.customer_id, told.contact) == ("SO-1", "C-1", CONTACT)
    assert (told.occurred_at, told.location, told.tracking_number) == (fact(kind).at, "Leipzig, DE", TN[0])


async def test_delivery_and_proof_are_told_once_for_all_parcels(desk: FakeDesk) -> None:
    assert await report(desk, "delivered", TN[0], 1, signed_by="Ada") == []
    assert await report(desk, "proof-of-delivery", TN[0], 1, document_ref="/pod/1") == []
    (delivered,) = await report(desk, "delivered", TN[1], 2)
    assert isinstance(delivered, Delivered)
    assert (delivered.parcels_total, delivered.signed_by, delivered.tracking_number) == (2, "Ada", TN[0])
    assert delivered.occurred_at == fact("delivered", 2).at
    (proof,) = await report(desk, "proof-of-delivery", TN[1], 3, document_ref="/pod/2")
    assert isinstance(proof, ProofOfDeliveryReceived)
    assert (proof.document_ref, proof.delivered_at) == ("/pod/1", delivered.occurred_at)
    assert await report(desk, "delivered", TN[1], 9) == []


async def test_unknown_tracking_number_waits(desk: FakeDesk) -> None:
    assert await report(desk, "picked-up", "T-9") == []
    assert [item.fact.kind for item in desk.pointers.by_key["swiftparcel:T-9"].waiting] == ["picked-up"]


async def test_same_number_at_another_carrier_is_another_parcel(desk: FakeDesk) -> None:
    found = Report(carrier_code="nordfreight", tracking_number=TN[0], fact=fact("delivered"))
    assert await handlers.note_report(found, desk=desk, clock=CLOCK) == []
    assert desk.shipments.by_key["SH-1"].status() == "booked"


async def test_a_clock_of_unknown_zone_is_never_stamped_as_another(desk: FakeDesk) -> None:
    local = fact("picked-up").model_copy(update={"at": datetime(2026, 3, 1, 16, 0), "basis": "local-unknown"})  # noqa: DTZ001
    found = Report(carrier_code="swiftparcel", tracking_number=TN[0], fact=local)
    (told,) = await handlers.note_report(found, desk=desk, clock=CLOCK)
    assert (told.occurred_at, told.local_time) == (NOON, "2026-03-01T16:00:00")


async def test_a_proof_that_becomes_richer_is_told_again_and_the_delivery_is_not(desk: FakeDesk) -> None:
    for number in TN:
        await report(desk, "delivered", number)
    first = [await report(desk, "proof-of-delivery", number) for number in TN]
    assert [len(told) for told in first] == [0, 1]
    (richer,) = await report(desk, "proof-of-delivery", TN[0], document_ref="/pod/1", signed_by="Ada")
    assert isinstance(richer, ProofOfDeliveryReceived)
    assert (richer.document_ref, richer.signed_by) == ("/pod/1", "Ada")
    assert await report(desk, "proof-of-delivery", TN[0], document_ref="/pod/1", signed_by="Ada") == []
