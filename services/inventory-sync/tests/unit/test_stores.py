"""A store's adjustments count once and in their order, however late, often and overlapping they come."""

import random
from datetime import timedelta

import pytest
from pydantic import ValidationError

from canonical.inventory import AvailabilityChanged, InventoryAdjusted, InventoryAllocated
from chassis import FixedClock, Permanent

from inventory_sync import handlers as on
from inventory_sync.ports import StoreAdjustments

from ..facts import NOON, dispatched, qty, released
from ..fakes import FakeEdges, FakeLedger

CLOCK = FixedClock(NOON)
SITE = "STORE-12"


def batch(first: int, *deltas: int, edge: str = "E-1", sku: str = "A") -> StoreAdjustments:
    adjustments = [
        {
            "number": number,
            "adjustment_id": f"{edge}-{number}",
            "sku": sku,
            "delta": delta,
            "reason": "sold",
            "occurred_at": NOON - timedelta(days=9),
        }
        for number, delta in enumerate(deltas, first)
    ]
    return StoreAdjustments.model_validate({"edge": edge, "site": SITE, "adjustments": adjustments})


class Store:
    """A store's books, and every adjustment that was told of."""

    def __init__(self) -> None:
        self.ledger, self.edges = FakeLedger(), FakeEdges()
        self.told: list[str] = []

    async def take(self, command: StoreAdjustments) -> list[object]:
        facts = list(await on.take_store_adjustments(command, ledger=self.ledger, edges=self.edges, clock=CLOCK))
        self.told += [fact.adjustment_id for fact in facts if isinstance(fact, InventoryAdjusted)]
        return facts

    async def on_hand(self) -> int:
        return (await self.ledger.shelf("A", SITE)).on_hand


async def test_a_batch_is_counted_in_its_order_at_the_time_of_the_store() -> None:
    store = Store()
    facts = await store.take(batch(1, 10, -3))
    adjusted = [fact for fact in facts if isinstance(fact, InventoryAdjusted)]
    assert [(fact.delta, fact.on_hand, fact.site) for fact in adjusted] == [(10, 10, SITE), (-3, 7, SITE)]
    assert {fact.occurred_at for fact in adjusted} == {NOON - timedelta(days=9)}


@pytest.mark.parametrize("again", [batch(1, 10, -3), batch(2, -3), batch(1, 10)])
async def test_what_was_taken_in_before_changes_nothing(again: StoreAdjustments) -> None:
    store = Store()
    await store.take(batch(1, 10, -3))
    assert await store.take(again) == []
    assert await store.on_hand() == 7


async def test_of_a_batch_that_overlaps_only_the_rest_counts() -> None:
    store = Store()
    await store.take(batch(1, 10, -3))
    await store.take(batch(1, 10, -3, -1))
    assert (await store.on_hand(), store.edges.marks) == (6, {"E-1": 3})


async def test_a_gap_is_refused_and_nothing_of_it_counts() -> None:
    store = Store()
    await store.take(batch(1, 10))
    with pytest.raises(Permanent, match="number 2 comes before 3"):
        await store.take(batch(3, -1))
    assert (await store.on_hand(), store.edges.marks) == (10, {"E-1": 1})


def test_a_batch_with_a_gap_inside_is_no_batch() -> None:
    whole = batch(1, 1, 1, 1).model_dump(mode="json")
    whole["adjustments"].pop(1)
    with pytest.raises(ValidationError, match="one after the other"):
        StoreAdjustments.model_validate(whole)


async def test_edges_of_one_store_are_counted_apart() -> None:
    store = Store()
    await store.take(batch(1, 10, edge="E-1"))
    await store.take(batch(1, -4, edge="E-2"))
    assert (await store.on_hand(), store.edges.marks) == (6, {"E-1": 1, "E-2": 1})


async def test_a_store_that_sold_more_than_the_books_knew_is_believed_and_nothing_is_promised() -> None:
    store = Store()
    (adjusted,) = await store.take(batch(1, -2))
    assert isinstance(adjusted, InventoryAdjusted)
    assert adjusted.on_hand == -2
    assert (await store.ledger.shelf("A", SITE)).available == 0
    facts = await store.take(batch(2, 5))
    assert [fact.available_to_promise for fact in facts if isinstance(fact, AvailabilityChanged)] == [3]


async def test_goods_that_leave_a_shelf_below_nought_do_not_raise_it() -> None:
    store = Store()
    await store.take(batch(1, 2))
    (allocated,) = [
        fact
        for fact in await on.allocate_order(released("SO-1", ("A", 2)), ledger=store.ledger, clock=CLOCK)
        if isinstance(fact, InventoryAllocated)
    ]
    await store.take(batch(2, -5))
    left = dispatched("SO-1", allocated.allocation_id, qty(10, "A", 2), site=SITE)
    await on.take_off_shelf(left, ledger=store.ledger, clock=CLOCK)
    assert await store.on_hand() == -3


@pytest.mark.parametrize("seed", range(20))
async def test_any_repeats_and_cuts_of_a_sequence_come_to_the_same(seed: int) -> None:
    chance = random.Random(seed)
    deltas = [chance.randint(-5, 5) for _ in range(60)]
    store = Store()
    while (taken := store.edges.marks.get("E-1", 0)) < len(deltas):
        first = chance.randint(max(1, taken - 10), taken + 3)
        sent = deltas[first - 1 : first - 1 + chance.randint(1, 12)]
        try:
            await store.take(batch(first, *(sent or deltas[-1:])))
        except Permanent:
            assert first > taken + 1
    assert await store.on_hand() == sum(deltas)
    assert store.told == [f"E-1-{number}" for number in range(1, len(deltas) + 1)]
