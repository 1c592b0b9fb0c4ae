"""What follows for an order from each fact."""

from itertools import permutations
from typing import Any

import pytest

from canonical import CanonicalEvent
from canonical.orders import OrderCompleted
from chassis import Permanent

from order_release import handlers as on
from order_release.ports import WriteStatus

from ..facts import (
    ADDRESS,
    allocated,
    back,
    cancelled,
    changed,
    delivered,
    dispatched,
    failed,
    given_up,
    picked,
    proven,
    qty,
    released,
    sent_back,
    shorted,
)
from ..fakes import FakeOrders

HANDLERS: dict[str, Any] = {
    "OrderReleased": on.release_order,
    "OrderChanged": on.change_order,
    "OrderCancelled": on.request_cancellation,
    "InventoryAllocated": on.note_allocation,
    "AllocationFailed": on.note_allocation_failure,
    "AllocationReleased": on.note_release,
    "PickCompleted": on.note_pick,
    "PickShorted": on.note_short_pick,
    "ShipmentDispatched": on.note_dispatch,
    "Delivered": on.note_delivery,
    "ProofOfDeliveryReceived": on.note_proof,
    "ReturnRequested": on.authorize_return,
    "ReturnReceived": on.close_return,
}
WELL = ["RELEASED", "ALLOCATED", "PICKED", "SHIPPED", "DELIVERED", "COMPLETED"]


async def story(*events: CanonicalEvent, orders: FakeOrders | None = None) -> list[Any]:
    """Tell events one after the other and return all that follows."""
    kept = orders or FakeOrders()
    return [item for event in events for item in await HANDLERS[type(event).__name__](event, orders=kept)]


def told(items: list[Any]) -> list[str]:
    """Return the statuses the ERP is told."""
    return [item.status for item in items if isinstance(item, WriteStatus)]


def ends(items: list[Any]) -> list[str]:
    """Return how the order was said to end."""
    return [item.outcome for item in items if isinstance(item, OrderCompleted)]


async def test_order_that_goes_well_tells_each_status_once() -> None:
    items = await story(released(2), allocated(qty(2)), picked(qty(2)), dispatched(qty(2)), delivered(), proven())
    assert told(items) == WELL
    assert ends(items) == ["delivered"]


LATE = [allocated(qty(2)), picked(qty(2)), dispatched(qty(2)), delivered(), proven()]


@pytest.mark.parametrize("events", [p for p in permutations(LATE) if p.index(LATE[1]) < p.index(LATE[2])])
async def test_streams_that_overtake_each_other_change_nothing(events: tuple[CanonicalEvent, ...]) -> None:
    items = await story(released(2), *events)
    assert told(items) == WELL
    assert ends(items) == ["delivered"]


async def test_order_split_over_sites_is_not_on_back_order() -> None:
    assert told(await story(released(5), allocated(qty(3)), allocated(qty(2)))) == ["RELEASED", "ALLOCATED"]


async def test_back_order_is_told_once_and_leads_to_the_end() -> None:
    orders = FakeOrders()
    begin = [released(5), allocated(qty(3), backordered=(qty(2),)), picked(qty(3)), dispatched(qty(3))]
    items = await story(*begin, delivered(), proven(), orders=orders)
    assert ends(items) == []
    assert orders.by_key["SO-1"].lines[0].backordered == 2
    rest = [allocated(qty(2)), dispatched(qty(2), shipment_id="S-2"), delivered("S-2"), proven("S-2")]
    items += await story(*rest, orders=orders)
    assert sorted(told(items)) == sorted([*WELL, "BACKORDERED"])
    assert ends(items) == ["delivered"]
    line = orders.by_key["SO-1"].lines[0]
    assert (line.backordered, line.shipped, line.delivered) == (0, 5, 5)


async def test_order_of_unknown_skus_ends_cancelled_with_its_reason() -> None:
    orders = FakeOrders()
    items = await story(released(1), failed(qty(1), reason="unknown-sku"), orders=orders)
    assert told(items) == ["RELEASED", "CANCELLED"]
    assert ends(items) == ["cancelled"]
    assert orders.by_key["SO-1"].end_reason == "unknown SKU"


async def test_short_pick_that_nobody_replaces_ends_partially_delivered() -> None:
    events = [allocated(qty(3)), shorted(qty(1), found=(qty(2),)), given_up(qty(1), reason="short")]
    items = await story(released(3), *events, dispatched(qty(2)), delivered(), proven())
    assert told(items) == WELL
    assert ends(items) == ["partially-delivered"]


async def test_order_short_in_every_piece_ends_cancelled() -> None:
    orders = FakeOrders()
    events = [released(1), allocated(qty(1)), shorted(qty(1)), given_up(qty(1), reason="short")]
    assert told(await story(*events, orders=orders)) == ["RELEASED", "ALLOCATED", "CANCELLED"]
    assert orders.by_key["SO-1"].end_reason == "short"


async def test_cancelled_is_told_only_when_the_mesh_has_confirmed() -> None:
    orders = FakeOrders()
    items = await story(released(3), allocated(qty(2), backordered=(qty(1),)), cancelled(), orders=orders)
    assert "CANCELLED" not in told(items)
    assert told(await story(given_up(qty(1)), orders=orders)) == []
    last = await story(shorted(qty(2), reason="cancelled"), given_up(qty(2)), orders=orders)
    assert told(last) == ["CANCELLED"]
    assert ends(last) == ["cancelled"]


async def test_cancellation_that_comes_too_late_ends_completed_only() -> None:
    items = await story(
        released(2), allocated(qty(2)), picked(qty(2)), cancelled(), dispatched(qty(2)), delivered(), proven()
    )
    assert told(items) == WELL
    assert ends(items) == ["delivered"]


async def test_cancellation_of_what_has_left_is_refused() -> None:
    with pytest.raises(Permanent, match="left the warehouse"):
        await story(released(2), allocated(qty(2)), dispatched(qty(2)), cancelled())


async def test_second_cancellation_follows_nothing() -> None:
    assert len(await story(released(2), cancelled(), cancelled())) == 3


async def test_address_changes_only_before_stock_is_set_aside() -> None:
    moved = ADDRESS.model_copy(update={"city": "Lyon"})
    orders = FakeOrders()
    await story(released(2), changed(ship_to=moved), orders=orders)
    assert orders.by_key["SO-1"].ship_to == moved
    with pytest.raises(Permanent, match="cannot be changed"):
        await story(allocated(qty(2)), changed(ship_to=ADDRESS), orders=orders)


async def test_first_promise_stays_beside_the_new_one() -> None:
    orders = FakeOrders()
    first = released(2)
    later = first.promised_at.replace(day=20)
    await story(first, changed(promised_at=later), orders=orders)
    order = orders.by_key["SO-1"]
    assert (order.first_promised_at, order.promised_at) == (first.promised_at, later)


async def test_nothing_is_returned_twice() -> None:
    orders = FakeOrders()
    await story(released(2), allocated(qty(2)), dispatched(qty(2)), orders=orders)
    assert len(await story(sent_back("R-1", qty(2)), orders=orders)) == 2
    assert await story(sent_back("R-1", qty(2)), orders=orders) == []
    with pytest.raises(Permanent, match="more is returned"):
        await story(sent_back("R-2", qty(1)), orders=orders)


@pytest.mark.parametrize(("condition", "disposition"), [("good", "restocked"), ("damaged", "scrapped")])
async def test_return_that_arrived_is_closed_once(condition: str, disposition: str) -> None:
    orders = FakeOrders()
    await story(released(1), dispatched(qty(1)), sent_back("R-1", qty(1)), orders=orders)
    (closed,) = await story(back("R-1", condition), orders=orders)
    assert closed.disposition == disposition
    assert await story(back("R-1", condition), orders=orders) == []


async def test_waiting_order_says_why_and_whose_turn_it_is() -> None:
    orders = FakeOrders()
    await story(released(1), failed(qty(1)), orders=orders)
    waits = orders.by_key["SO-1"].waits_for()
    assert waits
    assert (waits["next"], waits["owner"]) == ("stock arrives", "inventory-sync")
