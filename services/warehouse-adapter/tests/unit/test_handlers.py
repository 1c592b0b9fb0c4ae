"""What follows from each fact."""

from typing import Any

import pytest

from canonical.carrier import CarrierBooked
from canonical.orders import OrderCancelled
from canonical.warehouse import PackCompleted, PickCompleted, PickShorted, ShipmentDispatched, WarehouseOrderAccepted
from chassis import FixedClock, Permanent
from chassis.testing import FakeBook

from warehouse_adapter import handlers
from warehouse_adapter.domain import Booking, OrderIndex, WarehouseOrder
from warehouse_adapter.ports import CancelWarehouseOrder, CreateWarehouseOrder, SendLabels

from ..fakes import (
    BOOKED,
    LATER,
    LINES,
    NOON,
    WO,
    allocated,
    fact,
    index_of,
    orders_with,
    parcel,
    warehouse_order,
)

CLOCK = FixedClock(LATER)
CANCEL = OrderCancelled(occurred_at=LATER, order_id="SO-1", reason="customer", requested_by="ERP")
ASK = CancelWarehouseOrder(lane=WO, warehouse_order_id=WO, reason="customer")
BOOKING = Booking(shipment_id="SH-1", carrier_code="swiftparcel", parcels=BOOKED)


def booked(shipment_id: str = "SH-1") -> CarrierBooked:
    return CarrierBooked(
        occurred_at=LATER,
        order_id="SO-1",
        shipment_id=shipment_id,
        carrier_code="swiftparcel",
        warehouse_order_id=WO,
        site="DC-BER",
        booking_reference="B-1",
        parcels=BOOKED,
    )


def only(outcome: Any, kind: type) -> Any:
    assert [type(item) for item in outcome] == [kind]
    return outcome[0]


async def create() -> CreateWarehouseOrder:
    outcome = await handlers.order_from_warehouse(
        allocated(), warehouse_orders=FakeBook[WarehouseOrder](), orders=FakeBook[OrderIndex]()
    )
    return only(outcome, CreateWarehouseOrder)


async def test_allocation_is_ordered_from_the_warehouse_once() -> None:
    orders, index = FakeBook[WarehouseOrder](), FakeBook[OrderIndex]()
    effect = only(
        await handlers.order_from_warehouse(allocated(), warehouse_orders=orders, orders=index), CreateWarehouseOrder
    )
    assert (effect.warehouse_order_id, effect.lines, effect.lane) == (WO, LINES, WO)
    assert await handlers.order_from_warehouse(allocated(), warehouse_orders=orders, orders=index) == []
    assert index.by_key["SO-1"].warehouse_orders == [WO]


async def test_order_cancelled_before_its_allocation_never_reaches_the_warehouse() -> None:
    orders, index = FakeBook[WarehouseOrder](), FakeBook[OrderIndex]()
    assert await handlers.stop_order(CANCEL, warehouse_orders=orders, orders=index) == []
    outcome = await handlers.order_from_warehouse(allocated(), warehouse_orders=orders, orders=index)
    shorted = only(outcome, PickShorted)
    assert (shorted.lines, shorted.shorted, shorted.reason) == ((), LINES, "cancelled")
    assert orders.by_key[WO].stage == "cancelled"


async def test_cancellation_waits_until_the_warehouse_has_the_order() -> None:
    orders = orders_with(warehouse_order(is_at_warehouse=False))
    assert await handlers.stop_order(CANCEL, warehouse_orders=orders, orders=index_of(WO)) == []
    ask = only(await handlers.confirm_creation(await create(), None, warehouse_orders=orders), CancelWarehouseOrder)
    assert ask.reason == "customer"
    assert await handlers.confirm_creation(await create(), None, warehouse_orders=orders) == []


async def test_cancellation_asks_the_warehouse_once() -> None:
    orders, index = orders_with(warehouse_order()), index_of(WO)
    assert await handlers.stop_order(CANCEL, warehouse_orders=orders, orders=index) == [ASK]
    assert await handlers.stop_order(CANCEL, warehouse_orders=orders, orders=index) == []


@pytest.mark.parametrize("stage", ["short", "cancelled", "shipped"])
async def test_order_that_is_over_is_not_cancelled(stage: str) -> None:
    orders = orders_with(warehouse_order(stage=stage))
    assert await handlers.stop_order(CANCEL, warehouse_orders=orders, orders=index_of(WO)) == []


async def test_stopped_order_is_short_of_all_that_was_left() -> None:
    orders = orders_with(warehouse_order(shorted=LINES[1:], stage="picked"))
    shorted = only(await handlers.note_cancel(ASK, True, warehouse_orders=orders, clock=CLOCK), PickShorted)
    assert (shorted.lines, shorted.shorted, shorted.reason) == ((), LINES[:1], "cancelled")
    assert await handlers.note_cancel(ASK, True, warehouse_orders=orders, clock=CLOCK) == []


async def test_report_of_the_same_cancellation_adds_nothing() -> None:
    orders = orders_with(warehouse_order())
    assert await handlers.record_fact(fact("cancelled"), warehouse_orders=orders)
    assert await handlers.note_cancel(ASK, True, warehouse_orders=orders, clock=CLOCK) == []


async def test_goods_go_on_when_it_is_too_late_to_stop() -> None:
    orders = orders_with(warehouse_order(stage="packed"))
    assert await handlers.note_cancel(ASK, False, warehouse_orders=orders, clock=CLOCK) == []
    assert orders.by_key[WO].stage == "packed"
    assert only(await handlers.send_labels(booked(), warehouse_orders=orders), SendLabels)


async def test_cancellation_the_warehouse_does_not_take_leaves_the_order() -> None:
    orders = orders_with(warehouse_order())
    refusal = Permanent("WMS refused with 422", remedy="correct-request")
    assert await handlers.note_cancel_failure(ASK, refusal, warehouse_orders=orders) == []
    assert (orders.by_key[WO].stage, orders.by_key[WO].cancel_refused) == ("sent", "WMS refused with 422")


async def test_refused_order_is_held_and_can_be_sent_again() -> None:
    orders = orders_with(warehouse_order(is_at_warehouse=False))
    refusal = Permanent("WMS refused with 422", remedy="correct-request")
    assert await handlers.hold_order(await create(), refusal, warehouse_orders=orders, clock=CLOCK) == []
    assert orders.by_key[WO].waits()
    wish = handlers.Resend(warehouse_order_id=WO)
    assert only(await handlers.resend_order(wish, warehouse_orders=orders), CreateWarehouseOrder)
    with pytest.raises(Permanent, match="not held"):
        await handlers.resend_order(wish, warehouse_orders=orders)


@pytest.mark.parametrize("is_cancelled_first", [True, False])
async def test_refused_order_that_is_cancelled_is_stopped_without_the_warehouse(is_cancelled_first: bool) -> None:
    orders, index = orders_with(warehouse_order(is_at_warehouse=False)), index_of(WO)
    refusal = Permanent("WMS refused with 422", remedy="correct-request")
    outcome: list[Any] = []
    if is_cancelled_first:
        outcome += await handlers.stop_order(CANCEL, warehouse_orders=orders, orders=index)
    outcome += await handlers.hold_order(await create(), refusal, warehouse_orders=orders, clock=CLOCK)
    if not is_cancelled_first:
        outcome += await handlers.stop_order(CANCEL, warehouse_orders=orders, orders=index)
    assert only(outcome, PickShorted).reason == "cancelled"


async def test_booking_sends_labels_once() -> None:
    orders = orders_with(warehouse_order(stage="packed"))
    labels = only(await handlers.send_labels(booked(), warehouse_orders=orders), SendLabels)
    assert (labels.shipment_id, labels.parcels) == ("SH-1", BOOKED)
    assert await handlers.send_labels(booked(), warehouse_orders=orders) == []


async def test_booking_of_a_cancelled_order_is_a_matter_for_a_person() -> None:
    with pytest.raises(Permanent, match="ended as cancelled"):
        await handlers.send_labels(booked(), warehouse_orders=orders_with(warehouse_order(stage="cancelled")))


async def test_refused_labels_are_held_and_sent_again_by_hand() -> None:
    orders = orders_with(warehouse_order(stage="packed"))
    labels = only(await handlers.send_labels(booked(), warehouse_orders=orders), SendLabels)
    assert await handlers.hold_labels(labels, Permanent("no", remedy="x"), warehouse_orders=orders) == []
    again = await handlers.resend_order(handlers.Resend(warehouse_order_id=WO), warehouse_orders=orders)
    assert only(again, SendLabels) == labels


async def test_reports_become_facts() -> None:
    orders = orders_with(warehouse_order(booking=BOOKING))
    reports = [
        fact("accepted"),
        fact("picked", lines=LINES),
        fact("packed", parcels=(parcel(LINES[:1]),)),
        fact("shipped", shipment_id="SH-1"),
    ]
    facts = [item for report in reports for item in await handlers.record_fact(report, warehouse_orders=orders)]
    assert [type(item) for item in facts] == [WarehouseOrderAccepted, PickCompleted, PackCompleted, ShipmentDispatched]
    packed, dispatched = facts[2], facts[3]
    assert isinstance(packed, PackCompleted)
    assert (packed.customer_id, packed.promised_at) == ("C-1", LATER)
    assert isinstance(dispatched, ShipmentDispatched)
    assert (dispatched.carrier_code, dispatched.parcels, dispatched.lines) == ("swiftparcel", BOOKED, LINES[:1])


async def test_short_pick_tells_what_was_found_and_what_is_missing() -> None:
    orders = orders_with(warehouse_order())
    report = fact("short", lines=LINES[:1], shorted=LINES[1:], reason="damaged")
    shorted = only(await handlers.record_fact(report, warehouse_orders=orders), PickShorted)
    assert (shorted.lines, shorted.shorted, shorted.reason) == (LINES[:1], LINES[1:], "damaged")


async def test_goods_that_left_before_their_booking_is_known_are_told_when_it_comes() -> None:
    orders = orders_with(warehouse_order(stage="packed", parcels=(parcel(),)))
    assert await handlers.record_fact(fact("shipped", at=NOON), warehouse_orders=orders) == []
    waits = orders.by_key[WO].waits()
    assert waits
    assert "booking" in waits["reason"]
    dispatched = only(await handlers.send_labels(booked(), warehouse_orders=orders), ShipmentDispatched)
    assert (dispatched.occurred_at, dispatched.lines) == (NOON, LINES)


async def test_report_of_an_unknown_order_is_refused() -> None:
    with pytest.raises(Permanent, match="not known here"):
        await handlers.record_fact(fact("accepted"), warehouse_orders=FakeBook[WarehouseOrder]())


async def test_contradicting_report_is_refused() -> None:
    with pytest.raises(Permanent, match="ended as short"):
        await handlers.record_fact(fact("packed"), warehouse_orders=orders_with(warehouse_order(stage="short")))
