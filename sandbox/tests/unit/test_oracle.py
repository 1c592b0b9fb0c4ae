"""The oracle sees what was lost, doubled, and what came from nowhere: it would not do to trust a blind judge."""

from collections.abc import Callable
from typing import Any

import pytest

from sandbox import oracle
from sandbox.world import Fate

Effects = dict[tuple[str, str, str], int]
SHIPMENT = "SH-1"


def fate(*statuses: str, **changed: Any) -> Fate:
    made = Fate("SO-1", {}, 0.0, **changed)
    made.statuses = list(statuses)
    return made


def delivered() -> tuple[Fate, Effects]:
    """An order as it should end."""
    effects = {
        ("wms", "warehouse-order", "A-1"): 1,
        ("swiftparcel", "booking", SHIPMENT): 1,
        ("wms", "labels", SHIPMENT): 1,
        ("swiftparcel", "delivered", "T-1"): 1,
        ("portal", "webhook", f"order.shipped/{SHIPMENT}"): 1,
        ("portal", "webhook", f"order.delivered/{SHIPMENT}"): 1,
    }
    for template in ("order-confirmed", "dispatched", "out-for-delivery", "delivered"):
        effects["mailbox", "mail", f"{template}/N-1"] = 1
    return fate(*oracle.ONCE_STATUSES), effects


def cancelled(**changed: Any) -> tuple[Fate, Effects]:
    """An order as it should end when its customer does not want it any more."""
    effects = {("mailbox", "mail", "order-confirmed/N-1"): 1, ("mailbox", "mail", "cancelled/N-2"): 1}
    return fate("RELEASED", "CANCELLED", **{"cancelled_at": 1.0, **changed}), effects


def judged(order: Fate, effects: Effects) -> oracle.Verdict:
    return oracle.judge({order.order_id: order}, {order.order_id: effects})


@pytest.mark.parametrize("story", [delivered, cancelled])
def test_an_order_that_ended_well_is_clean(story: Callable[[], tuple[Fate, Effects]]) -> None:
    assert judged(*story()) == oracle.Verdict()


@pytest.mark.parametrize("status", oracle.ONCE_STATUSES)
def test_a_status_the_erp_never_got_is_lost(status: str) -> None:
    order, effects = delivered()
    order.statuses.remove(status)
    assert judged(order, effects).lost


@pytest.mark.parametrize("effect", [key for key in delivered()[1] if key[1] not in {"warehouse-order", "booking"}])
def test_an_effect_that_never_came_is_lost(effect: tuple[str, str, str]) -> None:
    order, effects = delivered()
    del effects[effect]
    assert judged(order, effects).lost


@pytest.mark.parametrize(
    "effect", [key for key in delivered()[1] if key[1] in oracle.UNIQUE], ids=lambda key: "-".join(key[1:])
)
def test_an_effect_that_came_twice_is_a_duplicate(effect: tuple[str, str, str]) -> None:
    order, effects = delivered()
    effects[effect] = 2
    assert judged(order, effects).duplicates


def test_a_mail_sent_again_under_another_number_is_a_duplicate() -> None:
    order, effects = delivered()
    effects["mailbox", "mail", "order-confirmed/N-9"] = 1
    assert judged(order, effects).duplicates


def test_an_effect_of_an_order_nobody_placed_is_a_ghost() -> None:
    order, effects = delivered()
    verdict = oracle.judge({"SO-1": order}, {"SO-1": effects, "SO-2": {("wms", "warehouse-order", "A-2"): 1}})
    assert verdict.ghosts == ["SO-2: wms/warehouse-order/A-2"]


def test_a_cancellation_nobody_asked_for_is_a_ghost() -> None:
    assert judged(*cancelled(cancelled_at=None)).ghosts
    assert not judged(*cancelled(cancelled_at=None, unknown_lines=1)).ghosts
    assert not judged(*cancelled(cancelled_at=None, found_nothing=True)).ghosts


def test_a_cancelled_order_that_is_delivered_is_a_ghost() -> None:
    order, effects = cancelled()
    effects["swiftparcel", "delivered", "T-1"] = 1
    assert judged(order, effects).ghosts


def test_a_cancelled_order_leaves_no_booking_behind() -> None:
    order, effects = cancelled()
    effects["swiftparcel", "booking", SHIPMENT] = 1
    assert judged(order, effects).ghosts
    effects["swiftparcel", "cancel-booking", SHIPMENT] = 1
    assert not judged(order, effects).ghosts


def test_an_order_that_ends_both_ways_is_a_ghost() -> None:
    order, effects = delivered()
    order.statuses.append("CANCELLED")
    assert judged(order, effects).ghosts


def test_an_order_without_an_end_is_lost() -> None:
    assert judged(fate("RELEASED"), {}).lost == ["SO-1: no end: RELEASED"]


def test_percentiles_are_milliseconds() -> None:
    assert oracle.percentiles(number / 1000 for number in range(101)) == {"p50": 50.0, "p99": 99.0}
    assert oracle.percentiles([]) == {"p50": None, "p99": None}


def test_a_part_that_was_stopped_after_its_labels_came_owes_nothing() -> None:
    order, effects = delivered()
    stopped = {("wms", "labels", "SH-2"): 1, ("swiftparcel", "booking", "SH-2"): 1}
    assert judged(order, {**effects, **stopped}).lost
    assert judged(order, {**effects, **stopped, ("swiftparcel", "cancel-booking", "SH-2"): 1}) == oracle.Verdict()
