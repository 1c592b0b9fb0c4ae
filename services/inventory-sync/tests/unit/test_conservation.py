"""Whatever happens in whatever order: nothing is oversold, no piece and no quantity gets lost."""

import asyncio

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from canonical import CanonicalEvent
from canonical.inventory import AllocationFailed, AllocationReleased, InventoryAllocated
from chassis import FixedClock

from inventory_sync import handlers as on
from inventory_sync.ports import GraceOver

from ..facts import NOON, cancelled, dispatched, received, released, shorted
from ..fakes import FakeLedger

SKUS = st.sampled_from(["A", "B"])
SITES = st.sampled_from(["DC-BER", "DC-LYO"])
CLOCK = FixedClock(NOON)


class Stock(RuleBasedStateMachine):
    """Random receipts, orders, short picks, cancellations and dispatches."""

    def __init__(self) -> None:
        super().__init__()
        self.ledger = FakeLedger()
        self.received = self.shipped = self.lost = 0
        self.ordered: dict[str, int] = {}
        self.closed: dict[str, int] = {}

    def hear(self, facts: object) -> None:
        assert isinstance(facts, list)
        for fact in facts:
            self.note(fact)

    def note(self, fact: CanonicalEvent) -> None:
        gone = isinstance(fact, AllocationReleased) or (
            isinstance(fact, AllocationFailed) and fact.reason == "unknown-sku"
        )
        if gone:
            self.close(fact.order_id, sum(line.quantity for line in fact.lines))  # type: ignore[attr-defined]
        if isinstance(fact, InventoryAllocated):
            assert not self.ledger.orders[fact.order_id].is_cancelled

    def close(self, order_id: str, pieces: int) -> None:
        self.closed[order_id] = self.closed.get(order_id, 0) + pieces

    @rule(sku=SKUS, site=SITES, quantity=st.integers(1, 9))
    def receive(self, sku: str, site: str, quantity: int) -> None:
        self.received += quantity
        self.hear(asyncio.run(on.receive_goods(received(sku, quantity, site), ledger=self.ledger, clock=CLOCK)))

    @rule(wanted=st.lists(st.tuples(SKUS, st.integers(1, 9)), min_size=1, max_size=3))
    def order(self, wanted: list[tuple[str, int]]) -> None:
        order_id = f"SO-{len(self.ordered)}"
        self.ordered[order_id] = sum(quantity for _, quantity in wanted)
        self.hear(asyncio.run(on.allocate_order(released(order_id, *wanted), ledger=self.ledger, clock=CLOCK)))

    @rule(data=st.data(), step=st.sampled_from(["ship", "short", "stop", "cancel", "grace"]))
    def go_on(self, data: st.DataObject, step: str) -> None:
        if not self.ordered:
            return
        order_id = data.draw(st.sampled_from(sorted(self.ordered)))
        demand = self.ledger.orders[order_id]
        if step == "cancel":
            self.hear(asyncio.run(on.cancel_order(cancelled(order_id), ledger=self.ledger, clock=CLOCK)))
        elif step == "grace":
            over = GraceOver(order_id=order_id)
            self.hear(asyncio.run(on.give_up_unknown(over, ledger=self.ledger, clock=CLOCK)))
        elif demand.allocations:
            held = data.draw(st.sampled_from(demand.allocations))
            lines, place = held.lines, held.site
            if step == "ship":
                pieces = sum(line.quantity for line in lines)
                self.shipped += pieces
                self.close(order_id, pieces)
                event = dispatched(order_id, held.allocation_id, *lines, site=place)
                self.hear(asyncio.run(on.take_off_shelf(event, ledger=self.ledger, clock=CLOCK)))
            else:
                reason = "cancelled" if step == "stop" else "short"
                missing = lines if step == "stop" else lines[:1]
                self.lost += 0 if step == "stop" else missing[0].quantity
                fact = shorted(order_id, held.allocation_id, *missing, reason=reason, site=place)
                self.hear(asyncio.run(on.settle_short_pick(fact, ledger=self.ledger, clock=CLOCK)))

    @invariant()
    def nothing_is_oversold(self) -> None:
        assert all(0 <= shelf.allocated <= shelf.on_hand for shelf in self.ledger.stock.values())

    @invariant()
    def shelves_and_orders_agree(self) -> None:
        held: dict[tuple[str, str], int] = {}
        for demand in self.ledger.orders.values():
            for allocation in demand.allocations:
                for line in allocation.lines:
                    held[line.sku, allocation.site] = held.get((line.sku, allocation.site), 0) + line.quantity
        assert held == {key: shelf.allocated for key, shelf in self.ledger.stock.items() if shelf.allocated}

    @invariant()
    def no_piece_is_lost(self) -> None:
        assert sum(shelf.on_hand for shelf in self.ledger.stock.values()) == self.received - self.shipped - self.lost

    @invariant()
    def no_ordered_quantity_is_lost(self) -> None:
        for order_id, demand in self.ledger.orders.items():
            held = sum(line.quantity for allocation in demand.allocations for line in allocation.lines)
            waits = sum(line.quantity for line in (*demand.waiting, *demand.unknown))
            assert self.ordered[order_id] == held + waits + self.closed.get(order_id, 0)

    @invariant()
    def nobody_waits_beside_free_stock(self) -> None:
        free = {shelf.sku for shelf in self.ledger.stock.values() if shelf.available}
        assert not [line for demand in self.ledger.orders.values() for line in demand.waiting if line.sku in free]


Stock.TestCase.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
TestStock = Stock.TestCase
