"""Bookings: once, told, refused, stopped."""

import pytest

from canonical.carrier import CarrierBooked, DeliveryException, PickedUp
from canonical.values import LineQuantity
from canonical.warehouse import PickShorted
from chassis import FixedClock, Permanent

from carrier_gateway import handlers
from carrier_gateway.domain import CloseOutWish
from carrier_gateway.domain.reports import Report
from carrier_gateway.ports import BookingRefused, BookShipment, CancelBooking

from ..fakes import NOON, SSCC, TN, FakeDesk, FakeLabels, booking, fact, plan

CLOCK = FixedClock(NOON)
LINE = LineQuantity(line_number=10, sku="SKU-1", quantity=1)


@pytest.fixture
def desk() -> FakeDesk:
    return FakeDesk()


def stop(reason: str = "cancelled", warehouse_order_id: str = "WO-1") -> PickShorted:
    return PickShorted(
        occurred_at=NOON,
        site="DC-BER",
        warehouse_order_id=warehouse_order_id,
        allocation_id="A-1",
        order_id="SO-1",
        lines=(),
        shorted=(LINE,),
        reason=reason,
    )


async def book(desk: FakeDesk) -> BookShipment:
    (effect,) = await handlers.book_shipment(plan(), desk=desk)
    assert isinstance(effect, BookShipment)
    return effect


async def test_planned_shipment_is_booked_once(desk: FakeDesk) -> None:
    effect = await book(desk)
    assert (effect.lane, effect.plan) == ("SH-1", plan())
    assert await handlers.book_shipment(plan(), desk=desk) == []
    assert desk.orders.by_key["SO-1"].shipments == ["SH-1"]


async def test_booking_is_told_and_a_second_answer_changes_nothing(desk: FakeDesk) -> None:
    effect = await book(desk)
    (booked,) = await handlers.note_booking(effect, booking(), desk=desk, labels=FakeLabels(), clock=CLOCK)
    assert isinstance(booked, CarrierBooked)
    assert (booked.booking_reference, booked.parcels) == ("BK-1", booking().parcels)
    assert await handlers.note_booking(effect, booking(), desk=desk, labels=FakeLabels(), clock=CLOCK) == []


async def test_milestones_that_beat_the_booking_follow_it(desk: FakeDesk) -> None:
    effect = await book(desk)
    early = Report(carrier_code="swiftparcel", tracking_number=TN[0], fact=fact("picked-up"))
    assert await handlers.note_report(early, desk=desk, clock=CLOCK) == []
    assert await handlers.note_report(early, desk=desk, clock=CLOCK) == []
    told = await handlers.note_booking(effect, booking(), desk=desk, labels=FakeLabels(), clock=CLOCK)
    assert [type(item) for item in told] == [CarrierBooked, PickedUp]
    assert desk.pointers.by_key[f"swiftparcel:{TN[0]}"].waiting == []


async def test_refusal_is_told_so_that_another_carrier_is_chosen(desk: FakeDesk) -> None:
    effect = await book(desk)
    refusal = BookingRefused("swiftparcel refuses: destination not served", code="AREA")
    (told,) = await handlers.note_booking_failure(effect, refusal, desk=desk, clock=CLOCK)
    assert isinstance(told, DeliveryException)
    assert (told.reason, told.carrier_code, told.carrier_status_code) == ("booking-rejected", "swiftparcel", "AREA")
    assert told.tracking_number == SSCC[0]
    assert desk.shipments.by_key["SH-1"].stage == "refused"


async def test_answer_that_cannot_be_used_is_held_and_not_booked_elsewhere(desk: FakeDesk) -> None:
    effect = await book(desk)
    odd = Permanent("swiftparcel's answer cannot be read", remedy="check-booking-at-carrier")
    assert await handlers.note_booking_failure(effect, odd, desk=desk, clock=CLOCK) == []
    assert desk.shipments.by_key["SH-1"].stage == "held"


async def test_carrier_without_connector_counts_as_refusal() -> None:
    effect = BookShipment(lane="SH-1", shipment_id="SH-1", plan=plan())
    with pytest.raises(BookingRefused):
        await handlers.make_booking(effect, key="k", carriers={})


async def test_stopped_order_cancels_its_booking_once(desk: FakeDesk) -> None:
    await handlers.note_booking(await book(desk), booking(), desk=desk, labels=FakeLabels(), clock=CLOCK)
    (cancel,) = await handlers.stop_shipments(stop(), desk=desk, clock=CLOCK)
    assert isinstance(cancel, CancelBooking)
    assert cancel.booking_reference == "BK-1"
    assert await handlers.stop_shipments(stop(), desk=desk, clock=CLOCK) == []
    await handlers.note_cancel(cancel, None, desk=desk, clock=CLOCK)
    assert desk.shipments.by_key["SH-1"].stage == "cancelled"


async def test_short_pick_and_other_warehouse_orders_stop_nothing(desk: FakeDesk) -> None:
    await handlers.note_booking(await book(desk), booking(), desk=desk, labels=FakeLabels(), clock=CLOCK)
    assert await handlers.stop_shipments(stop("short"), desk=desk, clock=CLOCK) == []
    assert await handlers.stop_shipments(stop(warehouse_order_id="WO-2"), desk=desk, clock=CLOCK) == []


async def test_what_was_picked_up_is_not_cancelled(desk: FakeDesk) -> None:
    await handlers.note_booking(await book(desk), booking(), desk=desk, labels=FakeLabels(), clock=CLOCK)
    report = Report(carrier_code="swiftparcel", tracking_number=TN[0], fact=fact("picked-up"))
    await handlers.note_report(report, desk=desk, clock=CLOCK)
    assert await handlers.stop_shipments(stop(), desk=desk, clock=CLOCK) == []


async def test_order_stopped_before_or_while_booking_ends_cancelled(desk: FakeDesk) -> None:
    await handlers.stop_shipments(stop(), desk=desk, clock=CLOCK)
    assert await handlers.book_shipment(plan(), desk=desk) == []
    assert desk.shipments.by_key["SH-1"].stage == "cancelled"
    other = FakeDesk()
    effect = await book(other)
    assert await handlers.stop_shipments(stop(), desk=other, clock=CLOCK) == []
    (cancel,) = await handlers.note_booking(effect, booking(), desk=other, labels=FakeLabels(), clock=CLOCK)
    assert isinstance(cancel, CancelBooking)


async def test_carrier_that_keeps_the_booking_is_shown(desk: FakeDesk) -> None:
    await handlers.note_booking(await book(desk), booking(), desk=desk, labels=FakeLabels(), clock=CLOCK)
    (cancel,) = await handlers.stop_shipments(stop(), desk=desk, clock=CLOCK)
    assert isinstance(cancel, CancelBooking)
    too_late = Permanent("too late", remedy="call-carrier")
    assert await handlers.note_cancel_failure(cancel, too_late, desk=desk, clock=CLOCK) == []
    assert desk.shipments.by_key["SH-1"].why == "not cancelled: too late"


async def test_label_that_came_with_the_booking_is_kept(desk: FakeDesk) -> None:
    labels = FakeLabels()
    given = booking().model_copy(update={"labels": {TN[0]: ("application/x-zpl", b"^XA"), "T-9": ("text/plain", b"?")}})
    await handlers.note_booking(await book(desk), given, desk=desk, labels=labels, clock=CLOCK)
    assert [(label.shipment_id, label.tracking_number, label.content) for label in labels.kept] == [
        ("SH-1", TN[0], b"^XA")
    ]


async def test_refused_manifest_frees_its_shipments(desk: FakeDesk) -> None:
    await handlers.note_booking(await book(desk), booking(), desk=desk, labels=FakeLabels(), clock=CLOCK)
    wish = CloseOutWish(manifest_id="M", carrier_code="swiftparcel", site="DC-BER")
    (effect,) = await handlers.close_out(wish, desk=desk, clock=CLOCK)
    assert (effect.references, desk.shipments.by_key["SH-1"].manifest_id) == (("BK-1",), "M")
    await handlers.note_close_out_failure(effect, Permanent("closed", remedy="look"), desk=desk, clock=CLOCK)
    assert desk.shipments.by_key["SH-1"].manifest_id is None
    assert (desk.manifests.by_key["M"].state, desk.manifests.by_key["M"].why) == ("refused", "closed")
