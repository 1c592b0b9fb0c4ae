"""What follows from each fact."""

import pytest

from canonical.inventory import AllocationFailed, AllocationReleased, AvailabilityChanged, InventoryAllocated
from chassis import FixedClock, Permanent

from inventory_sync import handlers as on
from inventory_sync.ports import Adjustment, GraceOver

from ..facts import ADDRESS, NOON, cancelled, dispatched, qty, received, released, returned, shorted
from ..fakes import FakeLedger

CLOCK = FixedClock(NOON)


@pytest.fixture
def ledger() -> FakeLedger:
    return FakeLedger()


async def stock(ledger: FakeLedger, sku: str, quantity: int, site: str = "DC-BER") -> list[object]:
    return list(await on.receive_goods(received(sku, quantity, site), ledger=ledger, clock=CLOCK))


async def release(ledger: FakeLedger, order_id: str, *wanted: tuple[str, int], minute: int = 0) -> list[object]:
    return list(await on.allocate_order(released(order_id, *wanted, minute=minute), ledger=ledger, clock=CLOCK))


def of(facts: list[object], kind: type) -> list:  # type: ignore[type-arg]
    return [fact for fact in facts if isinstance(fact, kind)]


async def test_released_order_is_allocated_and_availability_told_once(ledger: FakeLedger) -> None:
    await stock(ledger, "A", 10)
    facts = await release(ledger, "SO-1", ("A", 2), ("A", 3))
    (allocated,) = of(facts, InventoryAllocated)
    assert allocated.lines == (qty(10, "A", 2), qty(20, "A", 3))
    assert (allocated.site, allocated.backordered, allocated.ship_to) == ("DC-BER", (), ADDRESS)
    (told,) = of(facts, AvailabilityChanged)
    assert (told.on_hand, told.allocated, told.available_to_promise) == (10, 5, 5)


async def test_order_heard_twice_is_allocated_once(ledger: FakeLedger) -> None:
    await stock(ledger, "A", 10)
    await release(ledger, "SO-1", ("A", 2))
    assert await release(ledger, "SO-1", ("A", 2)) == []


async def test_split_order_gets_one_allocation_per_site(ledger: FakeLedger) -> None:
    await stock(ledger, "A", 3)
    await stock(ledger, "A", 2, "DC-LYO")
    facts = of(await release(ledger, "SO-1", ("A", 6)), InventoryAllocated)
    assert [(fact.site, fact.lines[0].quantity, fact.backordered) for fact in facts] == [
        ("DC-BER", 3, (qty(10, "A", 1),)),
        ("DC-LYO", 2, (qty(10, "A", 1),)),
    ]
    assert len({fact.allocation_id for fact in facts}) == 2


async def test_back_orders_are_served_first_come_first_served(ledger: FakeLedger) -> None:
    await stock(ledger, "A", 1)
    await release(ledger, "SO-0", ("A", 1))
    (failed,) = await release(ledger, "SO-2", ("A", 2), minute=2)
    assert failed == AllocationFailed(
        occurred_at=NOON, order_id="SO-2", lines=(qty(10, "A", 2),), reason="out-of-stock"
    )
    await release(ledger, "SO-1", ("A", 2), minute=1)
    served = of(await stock(ledger, "A", 3, "DC-LYO"), InventoryAllocated)
    assert [(fact.order_id, fact.lines[0].quantity, fact.backordered) for fact in served] == [
        ("SO-1", 2, ()),
        ("SO-2", 1, (qty(10, "A", 1),)),
    ]


async def test_unknown_sku_waits_for_opening_stock_without_stopping_known_lines(ledger: FakeLedger) -> None:
    await stock(ledger, "A", 5)
    facts = await release(ledger, "SO-1", ("A", 1), ("NEW", 1))
    assert len(of(facts, InventoryAllocated)) == 1
    assert of(facts, AllocationFailed) == []
    (served,) = of(await stock(ledger, "NEW", 1), InventoryAllocated)
    assert served.lines == (qty(20, "NEW", 1),)
    assert await on.give_up_unknown(GraceOver(order_id="SO-1"), ledger=ledger, clock=CLOCK) == []


async def test_unknown_sku_that_arrives_in_too_small_number_goes_on_back_order(ledger: FakeLedger) -> None:
    await release(ledger, "SO-1", ("NEW", 3))
    facts = await stock(ledger, "NEW", 1)
    assert [fact.lines for fact in of(facts, AllocationFailed)] == [(qty(10, "NEW", 2),)]


async def test_unknown_sku_is_given_up_after_its_grace(ledger: FakeLedger) -> None:
    await release(ledger, "SO-1", ("GHOST", 1))
    (failed,) = await on.give_up_unknown(GraceOver(order_id="SO-1"), ledger=ledger, clock=CLOCK)
    assert isinstance(failed, AllocationFailed)
    assert failed.reason == "unknown-sku"
    assert of(await stock(ledger, "GHOST", 5), InventoryAllocated) == []


async def test_short_pick_is_replaced_from_another_site(ledger: FakeLedger) -> None:
    await stock(ledger, "A", 10)
    await stock(ledger, "A", 4, "DC-LYO")
    await release(ledger, "SO-1", ("A", 3))
    facts = list(await on.settle_short_pick(shorted("SO-1", "SO-1-A1", qty(10, "A", 2)), ledger=ledger, clock=CLOCK))
    (again,) = of(facts, InventoryAllocated)
    assert (again.site, again.lines, again.allocation_id) == ("DC-LYO", (qty(10, "A", 2),), "SO-1-A2")
    shelf = ledger.stock["A", "DC-BER"]
    assert (shelf.on_hand, shelf.allocated) == (8, 1)


async def test_short_pick_that_nobody_can_replace_is_given_up(ledger: FakeLedger) -> None:
    await stock(ledger, "A", 10)
    await release(ledger, "SO-1", ("A", 3))
    facts = list(await on.settle_short_pick(shorted("SO-1", "SO-1-A1", qty(10, "A", 3)), ledger=ledger, clock=CLOCK))
    (given_up,) = of(facts, AllocationReleased)
    assert (given_up.lines, given_up.reason) == ((qty(10, "A", 3),), "short")
    assert of(facts, InventoryAllocated) == []


async def test_cancelled_back_order_is_given_up_at_once(ledger: FakeLedger) -> None:
    await stock(ledger, "A", 1)
    await release(ledger, "SO-1", ("A", 3), ("GHOST", 1))
    (given_up,) = await on.cancel_order(cancelled("SO-1"), ledger=ledger, clock=CLOCK)
    assert isinstance(given_up, AllocationReleased)
    assert (given_up.allocation_id, given_up.reason) == (None, "cancelled")
    assert given_up.lines == (qty(10, "A", 2), qty(20, "GHOST", 1))
    assert of(await stock(ledger, "A", 5), InventoryAllocated) == []


@pytest.mark.parametrize("warehouse_first", [False, True])
async def test_stopped_warehouse_order_frees_its_stock_for_the_next(ledger: FakeLedger, warehouse_first: bool) -> None:
    await stock(ledger, "A", 2)
    await release(ledger, "SO-1", ("A", 3))
    await release(ledger, "SO-2", ("A", 1), minute=1)
    stop = shorted("SO-1", "SO-1-A1", qty(10, "A", 2), reason="cancelled")
    facts: list[object] = []
    for step in (True, False) if warehouse_first else (False, True):
        if step:
            facts += await on.settle_short_pick(stop, ledger=ledger, clock=CLOCK)
        else:
            facts += await on.cancel_order(cancelled("SO-1"), ledger=ledger, clock=CLOCK)
    assert sum(line.quantity for fact in of(facts, AllocationReleased) for line in fact.lines) == 3
    assert [fact.order_id for fact in of(facts, InventoryAllocated)] == ["SO-2"]
    assert ledger.stock["A", "DC-BER"].on_hand == 2


async def test_short_pick_of_a_cancelled_order_is_not_replaced(ledger: FakeLedger) -> None:
    await stock(ledger, "A", 3)
    await stock(ledger, "A", 3, "DC-LYO")
    await release(ledger, "SO-1", ("A", 2))
    assert await on.cancel_order(cancelled("SO-1"), ledger=ledger, clock=CLOCK) == []
    facts = list(await on.settle_short_pick(shorted("SO-1", "SO-1-A1", qty(10, "A", 1)), ledger=ledger, clock=CLOCK))
    assert [fact.reason for fact in of(facts, AllocationReleased)] == ["cancelled"]
    assert of(facts, InventoryAllocated) == []


async def test_dispatch_takes_goods_off_the_shelf_without_changing_what_can_be_promised(ledger: FakeLedger) -> None:
    await stock(ledger, "A", 5)
    await release(ledger, "SO-1", ("A", 2))
    event = dispatched("SO-1", "SO-1-A1", qty(10, "A", 2))
    assert await on.take_off_shelf(event, ledger=ledger, clock=CLOCK) == []
    shelf = ledger.stock["A", "DC-BER"]
    assert (shelf.on_hand, shelf.allocated, shelf.available) == (3, 0, 3)
    assert ledger.orders["SO-1"].allocations == []


async def test_only_good_returns_become_stock(ledger: FakeLedger) -> None:
    await stock(ledger, "A", 1)
    assert (
        await on.restock_return(returned("SO-1", qty(10, "A", 1), condition="damaged"), ledger=ledger, clock=CLOCK)
        == []
    )
    (told,) = await on.restock_return(returned("SO-1", qty(10, "A", 1)), ledger=ledger, clock=CLOCK)
    assert isinstance(told, AvailabilityChanged)
    assert told.on_hand == 2


async def test_count_below_nothing_is_refused(ledger: FakeLedger) -> None:
    await stock(ledger, "A", 1)
    too_much = Adjustment(adjustment_id="AD-1", sku="A", site="DC-BER", delta=-2, reason="count")
    with pytest.raises(Permanent, match="delta"):
        await on.adjust_stock(too_much, ledger=ledger, clock=CLOCK)


async def test_fact_about_an_order_never_released_is_a_dead_letter(ledger: FakeLedger) -> None:
    with pytest.raises(Permanent, match="never released"):
        await on.cancel_order(cancelled("SO-9"), ledger=ledger, clock=CLOCK)


async def test_order_refused_by_a_warehouse_goes_to_another_and_loses_no_goods(ledger: FakeLedger) -> None:
    await stock(ledger, "A", 10)
    await stock(ledger, "A", 4, "DC-LYO")
    await release(ledger, "SO-1", ("A", 3))
    event = shorted("SO-1", "SO-1-A1", qty(10, "A", 3), reason="refused")
    (again,) = of(list(await on.settle_short_pick(event, ledger=ledger, clock=CLOCK)), InventoryAllocated)
    assert again.site == "DC-LYO"
    assert (ledger.stock["A", "DC-BER"].on_hand, ledger.stock["A", "DC-BER"].allocated) == (10, 0)
