"""What inventory-sync does when orders, warehouses and counts tell it something."""

from collections.abc import Collection, Sequence
from datetime import datetime

from canonical import CanonicalEvent
from canonical.inventory import AvailabilityChanged, InventoryAdjusted
from canonical.orders import OrderCancelled, OrderChanged, OrderReleased
from canonical.warehouse import GoodsReceived, PickShorted, ReturnReceived, ShipmentDispatched
from chassis import Clock, Outcome, Permanent

from inventory_sync import domain
from inventory_sync.domain import Demand, Shelf
from inventory_sync.ports import Adjustment, Edges, GraceOver, Ledger, Numbered, StoreAdjustments

Before = dict[tuple[str, str], int]


async def allocate_order(event: OrderReleased, *, ledger: Ledger, clock: Clock) -> Outcome:
    """Set stock aside for a released order; what cannot be had waits in the queue of its SKU."""
    if await ledger.demand(event.order_id):
        return []
    shelves = await ledger.shelves({line.sku for line in event.lines})
    before = _count(shelves)
    demand = Demand.of(event)
    facts = domain.place(demand, event.lines, shelves, clock.now())
    await ledger.keep(demand)
    return [*facts, *await _settle(shelves, before, ledger, clock.now())]


async def change_order(event: OrderChanged, *, ledger: Ledger) -> Outcome:
    """Give allocations still to come the new address and date; those made already keep theirs."""
    demand = await _known(event.order_id, ledger)
    demand.ship_to = event.ship_to or demand.ship_to
    demand.promised_at = event.promised_at or demand.promised_at
    await ledger.keep(demand)
    return []


async def cancel_order(event: OrderCancelled, *, ledger: Ledger, clock: Clock) -> Outcome:
    """Give up what waits; what is set aside stays until the warehouse confirms that it stopped."""
    demand = await _known(event.order_id, ledger)
    facts = domain.cancel(demand, clock.now())
    await ledger.keep(demand)
    return facts


async def settle_short_pick(event: PickShorted, *, ledger: Ledger, clock: Clock) -> Outcome:
    """Replace what the warehouse did not find, or free what it stopped."""
    demand = await _known(event.order_id, ledger)
    held = demand.allocation(event.allocation_id)
    if held is None:
        return []
    shelves = await ledger.shelves({line.sku for line in (*held.lines, *event.shorted)})
    before, now = _count(shelves), clock.now()
    if event.reason == "cancelled":
        facts = domain.stop(demand, held, shelves, now)
    else:
        facts = domain.went_short(demand, held, event.shorted, shelves, reason=event.reason, at=now)
    await ledger.keep(demand)
    return [*facts, *await _serve(shelves, before, ledger, now)]


async def take_off_shelf(event: ShipmentDispatched, *, ledger: Ledger, clock: Clock) -> Outcome:
    """Count out what left the building."""
    demand = await _known(event.order_id, ledger)
    shelves = [await ledger.shelf(sku, event.site) for sku in sorted({line.sku for line in event.lines})]
    before = _count(shelves)
    domain.dispatch(demand, event.allocation_id, event.site, event.lines, shelves)
    await ledger.keep(demand)
    return await _settle(shelves, before, ledger, clock.now())


async def receive_goods(event: GoodsReceived, *, ledger: Ledger, clock: Clock) -> Outcome:
    """Count goods in and serve those who wait for them."""
    shelf = await ledger.shelf(event.sku, event.site)
    shelves = await ledger.shelves({event.sku})
    before = _count(shelves)
    shelf.receive(event.quantity)
    return await _serve(shelves, before, ledger, clock.now(), new=shelf)


async def restock_return(event: ReturnReceived, *, ledger: Ledger, clock: Clock) -> Outcome:
    """Count good returns in again; damaged ones never become stock."""
    if event.condition != "good":
        return []
    counted = [(await ledger.shelf(line.sku, event.site), line.quantity) for line in event.lines]
    shelves = await ledger.shelves({line.sku for line in event.lines})
    before = _count(shelves)
    for shelf, quantity in counted:
        shelf.receive(quantity)
    return await _serve(shelves, before, ledger, clock.now())


async def adjust_stock(command: Adjustment, *, ledger: Ledger, clock: Clock) -> Outcome:
    """Correct a count.

    Raises:
        Permanent: less than nothing would be left.
    """
    shelf = await ledger.shelf(command.sku, command.site)
    if not shelf.can_adjust(command.delta):
        raise Permanent(f"delta: {shelf.on_hand} on hand, {command.delta} would leave less than none", remedy="recount")
    return await _adjust(command, shelf, command.site, at=clock.now(), ledger=ledger, now=clock.now())


async def take_store_adjustments(command: StoreAdjustments, *, ledger: Ledger, edges: Edges, clock: Clock) -> Outcome:
    """Take in what a store counted, in its order; what its edge sends again is passed over.

    A store is believed: what it has sold is gone, whatever the books say.

    Raises:
        Permanent: adjustments before these have not come.
    """
    taken = await edges.taken(command.edge)
    fresh = [one for one in command.adjustments if one.number > taken]
    if fresh and fresh[0].number > taken + 1:
        raise Permanent(f"{command.edge}: number {taken + 1} comes before {fresh[0].number}", remedy="fix-at-sender")
    facts: list[CanonicalEvent] = []
    for one in fresh:
        shelf = await ledger.shelf(one.sku, command.site)
        facts += await _adjust(one, shelf, command.site, at=one.occurred_at, ledger=ledger, now=clock.now())
    if fresh:
        await edges.take(command.edge, command.site, fresh[-1].number, clock.now())
    return facts


async def _adjust(
    what: Adjustment | Numbered, shelf: Shelf, site: str, *, at: datetime, ledger: Ledger, now: datetime
) -> list[CanonicalEvent]:
    shelves = await ledger.shelves({what.sku})
    before = _count(shelves)
    shelf.adjust(what.delta)
    adjusted = InventoryAdjusted(
        occurred_at=at,
        sku=what.sku,
        site=site,
        adjustment_id=what.adjustment_id,
        delta=what.delta,
        on_hand=shelf.on_hand,
        reason=what.reason,
    )
    return [adjusted, *await _serve(shelves, before, ledger, now, new=shelf)]


async def give_up_unknown(command: GraceOver, *, ledger: Ledger, clock: Clock) -> Outcome:
    """Fail the lines whose SKU nobody has heard of in time."""
    demand = await _known(command.order_id, ledger)
    facts = domain.unknown_given_up(demand, clock.now())
    await ledger.keep(demand)
    return facts


async def _known(order_id: str, ledger: Ledger) -> Demand:
    demand = await ledger.demand(order_id)
    if demand is None:
        raise Permanent(f"order {order_id} was never released to inventory-sync", remedy="replay-order-released")
    return demand


async def _serve(
    shelves: Sequence[Shelf], before: Before, ledger: Ledger, now: datetime, *, new: Shelf | None = None
) -> list[CanonicalEvent]:
    """Give what became free to those who wait, then keep and tell the counts."""
    facts: list[CanonicalEvent] = []
    for sku in sorted({shelf.sku for shelf in shelves if _is_freer(shelf, before) or shelf is new}):
        of_sku = [shelf for shelf in shelves if shelf.sku == sku]
        served, changed = domain.serve(sku, await ledger.queue(sku), of_sku, now)
        facts += served
        for demand in changed:
            await ledger.keep(demand)
    return [*facts, *await _settle(shelves, before, ledger, now)]


async def _settle(shelves: Collection[Shelf], before: Before, ledger: Ledger, now: datetime) -> list[CanonicalEvent]:
    """Keep the counts and tell, once per shelf, what can be promised now if that is not what it was."""
    await ledger.keep_shelves(shelves)
    return [
        AvailabilityChanged(
            occurred_at=now,
            sku=shelf.sku,
            site=shelf.site,
            on_hand=shelf.on_hand,
            allocated=shelf.allocated,
            available_to_promise=shelf.available,
        )
        for shelf in shelves
        if before.get((shelf.sku, shelf.site), 0) != shelf.available
    ]


def _count(shelves: Collection[Shelf]) -> Before:
    return {(shelf.sku, shelf.site): shelf.available for shelf in shelves}


def _is_freer(shelf: Shelf, before: Before) -> bool:
    return shelf.available > before.get((shelf.sku, shelf.site), 0)
