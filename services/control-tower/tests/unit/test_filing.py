"""Events are filed alike in whatever order and batches they come."""

from datetime import timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from control_tower.domain.filing import Filed, file
from control_tower.domain.limits import limits
from control_tower.domain.numbers import MOST, numbers_of
from control_tower.domain.stages import NAMES, STAGES, stage_of

from ..fakes import NOON, envelope

LIFE = (
    "order.released.v1",
    "inventory.allocated.v1",
    "warehouse.warehouse-order-accepted.v1",
    "warehouse.pick-completed.v1",
    "warehouse.pack-completed.v1",
    "transport.shipment-planned.v1",
    "carrier.carrier-booked.v1",
    "warehouse.shipment-dispatched.v1",
    "carrier.picked-up.v1",
    "carrier.delivered.v1",
    "order.completed.v1",
)


def test_an_order_that_ended_cancelled_is_not_called_completed() -> None:
    ended = envelope("order.completed.v1", 9, data={"outcome": "cancelled"})
    filed = file([ended, envelope("order.released.v1"), envelope("order.cancelled.v1", 5)])
    assert filed.journeys["SO-1"].stage == STAGES["cancelled"]


def test_the_furthest_stage_counts() -> None:
    filed = file(envelope(name, index) for index, name in enumerate(reversed(LIFE)))
    assert filed.journeys["SO-1"].stage == STAGES["completed"]


@given(st.permutations(LIFE))
def test_order_does_not_matter(order: list[str]) -> None:
    times = {name: index * 10 for index, name in enumerate(LIFE)}
    assert as_said(file(envelope(name, times[name]) for name in order)) == as_said(
        file(envelope(name, times[name]) for name in LIFE)
    )


def as_said(filed: Filed) -> object:
    journey = filed.journeys["SO-1"]
    return (
        journey.stage,
        journey.stage_at,
        journey.first_at,
        journey.last_at,
        journey.events,
        journey.ended_at,
        filed.numbers,
        filed.opened,
        filed.met,
    )


def test_numbers_are_found_wherever_they_stand() -> None:
    data = {"order_id": "SO-1", "parcels": [{"sscc": "3" * 18, "tracking_number": "T1"}], "lines": [{"sku": "A"}]}
    assert numbers_of(data) == {("order", "SO-1"), ("SSCC", "3" * 18), ("tracking number", "T1"), ("SKU", "A")}


def test_a_flood_of_numbers_is_cut() -> None:
    assert len(numbers_of({"lines": [{"sku": f"S{index}"} for index in range(5 * MOST)]})) == MOST


def test_a_number_that_is_none_is_passed_over() -> None:
    assert numbers_of({"order_id": 7, "sku": "", "tracking_number": None}) == set()


def test_what_stands_for_each_other_is_awaited_together() -> None:
    limit = next(one for one in limits() if one.after == "order.released.v1" and one.flow == "order-to-ship")
    assert limit.awaited == ("inventory.allocated.v1", "inventory.allocation-failed.v1")
    assert limit.opened(NOON) == (NOON, NOON + timedelta(seconds=4), NOON + timedelta(seconds=5))


def test_an_event_opens_one_deadline_and_meets_another() -> None:
    filed = file([envelope("inventory.allocated.v1", 3)])
    assert filed.met["SO-1", "order-to-ship", "order.released.v1"] == NOON + timedelta(seconds=3)
    assert filed.opened["SO-1", "order-to-ship", "inventory.allocated.v1"].at == NOON + timedelta(seconds=3)


def test_stages_rise_through_a_life() -> None:
    found = [stage for name in LIFE if (stage := stage_of(name))]
    assert all(earlier <= later for earlier, later in pairwise(found))
    assert [stage.name for stage in STAGES.values()] == list(NAMES)


def test_an_event_nobody_knows_is_filed_too() -> None:
    filed = file([envelope("yard.truck-arrived.v7", data={"tracking_number": "T-9"})])
    assert filed.journeys["SO-1"].stage is None
    assert ("T-9", "tracking number", "SO-1") in filed.numbers
