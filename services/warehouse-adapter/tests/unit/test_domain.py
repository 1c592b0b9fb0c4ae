"""Stages of a warehouse order, reports out of order, and what contradicts what."""

from itertools import permutations

import pytest

from canonical.values import LineQuantity

from warehouse_adapter.domain import RANK, add, subtract, warehouse_order_id

from ..fakes import LATER, LINES, NOON, fact, parcel, warehouse_order

FORWARD = [
    fact("accepted"),
    fact("picked", lines=LINES),
    fact("packed", parcels=(parcel(),)),
    fact("shipped", shipment_id="SH-1"),
]


@pytest.mark.parametrize("order_of_arrival", list(permutations(FORWARD)))
def test_reports_in_any_order_end_in_the_same_state(order_of_arrival: tuple) -> None:
    order = warehouse_order()
    ranks = [RANK[order.stage]]
    for report in order_of_arrival:
        assert order.contradiction(report) is None
        assert order.record(report)
        ranks.append(RANK[order.stage])
    assert order.stage == "shipped"
    assert ranks == sorted(ranks)
    assert set(order.reported) == {"accepted", "picked", "packed", "shipped"}


def test_same_report_again_is_no_news() -> None:
    order = warehouse_order()
    assert order.record(fact("accepted"))
    assert not order.record(fact("accepted", at=NOON))
    assert order.reported["accepted"] == LATER


def test_short_pick_of_something_goes_on_and_of_nothing_ends() -> None:
    partly, fully = warehouse_order(), warehouse_order()
    partly.record(fact("short", lines=LINES[:1], shorted=LINES[1:]))
    fully.record(fact("short", shorted=LINES))
    assert (partly.stage, partly.is_over, partly.remaining()) == ("picked", False, LINES[:1])
    assert (fully.stage, fully.is_over, fully.remaining()) == ("short", True, ())


@pytest.mark.parametrize("kind", ["packed", "shipped"])
def test_goods_cannot_leave_an_order_that_was_cancelled(kind: str) -> None:
    order = warehouse_order(stage="cancelled")
    assert "ended as cancelled" in str(order.contradiction(fact(kind)))  # type: ignore[arg-type]


def test_pick_reported_before_the_cancellation_is_recorded_and_told_to_nobody() -> None:
    order = warehouse_order(stage="cancelled")
    assert order.contradiction(fact("picked", lines=LINES)) is None
    assert not order.record(fact("picked", lines=LINES))
    assert order.stage == "cancelled"
    assert "picked" in order.reported


def test_two_picks_contradict_each_other() -> None:
    order = warehouse_order()
    order.record(fact("picked", lines=LINES))
    assert order.contradiction(fact("short", shorted=LINES)) == "short reported of a pick that was reported as picked"


def test_shipped_order_cannot_be_cancelled() -> None:
    order = warehouse_order(stage="shipped")
    assert order.contradiction(fact("cancelled"))
    order.reach("cancelled", LATER)
    assert order.stage == "shipped"


def test_what_waits_says_why_since_when_and_who_owns_it() -> None:
    order = warehouse_order(stage="packed")
    assert order.waits() == {
        "reason": "waits until a carrier is booked",
        "since": NOON.isoformat(),
        "owner": "carrier-gateway",
    }
    assert warehouse_order(stage="cancelled").waits() is None
    held = warehouse_order(held="the warehouse refused the order: 422").waits()
    assert held
    assert held["reason"].startswith("held:")


def test_cancellation_goes_out_only_once_the_warehouse_has_the_order() -> None:
    order = warehouse_order(is_at_warehouse=False, cancel_reason="customer")
    assert not order.is_cancel_due()
    order.is_at_warehouse = True
    assert order.is_cancel_due()
    order.is_cancel_sent = True
    assert not order.is_cancel_due()


def test_quantities_of_one_line_add_up() -> None:
    one = LineQuantity(line_number=10, sku="SKU-1", quantity=1)
    assert add([one, one]) == LINES[:1]
    assert subtract(LINES, [one]) == (one, LINES[1])
    assert subtract(LINES, LINES) == ()


def test_warehouse_order_id_follows_from_the_allocation() -> None:
    assert warehouse_order_id("AL-1-SO-1") == "WO-1-SO-1"
    assert len(warehouse_order_id("x" * 64)) == 64
