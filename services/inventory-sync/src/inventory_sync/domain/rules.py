"""What happens to stock and orders when one of them changes; each rule returns the facts that follow."""

from collections.abc import Sequence
from datetime import datetime

from canonical import CanonicalEvent
from canonical.inventory import AllocationFailed
from canonical.values import LineQuantity

from inventory_sync.domain.demand import Allocation, Demand, plain
from inventory_sync.domain.planning import Plan, plan
from inventory_sync.domain.quantities import Lines, common, subtract
from inventory_sync.domain.shelf import Shelf

Facts = list[CanonicalEvent]
REFUSED = "refused"
"""Reason of a short pick when the warehouse would not take the order: its goods are still there."""


def place(demand: Demand, lines: Sequence[LineQuantity], shelves: Sequence[Shelf], at: datetime) -> Facts:
    """Allocate a released order: known SKUs at once or on back-order, unknown ones wait for their grace to pass."""
    known = {shelf.sku for shelf in shelves}
    asked = plain(tuple(lines))
    demand.unknown = tuple(line for line in asked if line.sku not in known)
    planned = plan([line for line in asked if line.sku in known], shelves)
    demand.waiting = planned.missing
    facts = _take(demand, planned, shelves, at)
    if demand.waiting and not facts:
        facts.append(demand.back_ordered(demand.waiting, at))
    return facts


def serve(sku: str, queue: Sequence[Demand], shelves: Sequence[Shelf], at: datetime) -> tuple[Facts, list[Demand]]:
    """Give what is free of an SKU to those who wait for it, first come first served; returns facts and who changed."""
    facts: Facts = []
    changed: list[Demand] = []
    for demand in queue:
        news = recognise(demand, sku)
        planned = plan([line for line in demand.waiting if line.sku == sku], shelves)
        if not news and not planned.portions:
            continue
        demand.waiting = subtract(demand.waiting, [line for _, portion in planned.portions for line in portion])
        facts += _take(demand, planned, shelves, at)
        if still := common(demand.waiting, news):
            facts.append(demand.back_ordered(still, at))
        changed.append(demand)
    return facts, changed


def recognise(demand: Demand, sku: str) -> Lines:
    """Turn lines of an SKU nobody had heard of into ordinary waiting ones; returns them."""
    news = tuple(line for line in demand.unknown if line.sku == sku)
    demand.unknown = subtract(demand.unknown, news)
    demand.waiting += news
    return news


def unknown_given_up(demand: Demand, at: datetime) -> Facts:
    """Give up the lines whose SKU nobody has heard of in time."""
    lines, demand.unknown = demand.unknown, ()
    if not lines:
        return []
    return [AllocationFailed(occurred_at=at, order_id=demand.order_id, lines=lines, reason="unknown-sku")]


def cancel(demand: Demand, at: datetime) -> Facts:
    """Give up what waits; what is set aside stays until the warehouse confirms that it will not ship."""
    demand.is_cancelled = True
    lines = demand.waiting + demand.unknown
    demand.waiting, demand.unknown = (), ()
    return [demand.released(lines, allocation_id=None, reason="cancelled", at=at)] if lines else []


def stop(demand: Demand, held: Allocation, shelves: Sequence[Shelf], at: datetime) -> Facts:
    """Free an allocation whose warehouse order was stopped; the order gets nothing any more."""
    lines = held.lines
    for line in lines:
        shelf_of(shelves, line.sku, held.site).release(line.quantity)
    demand.drop(held, lines)
    freed = demand.released(lines, allocation_id=held.allocation_id, reason="cancelled", at=at)
    return [freed, *cancel(demand, at)]


def went_short(
    demand: Demand, held: Allocation, missing: Lines, shelves: Sequence[Shelf], *, reason: str, at: datetime
) -> Facts:
    """Write off what was not found and look for it elsewhere; what no other site has is given up."""
    lost = common(held.lines, missing)
    for line in lost:
        shelf = shelf_of(shelves, line.sku, held.site)
        shelf.release(line.quantity) if reason == REFUSED else shelf.lose(line.quantity)
        demand.short_at.append((line.line_number, held.site))
    demand.drop(held, lost)
    if demand.is_cancelled:
        return [demand.released(lost, allocation_id=held.allocation_id, reason="cancelled", at=at)] if lost else []
    planned = plan(lost, shelves, demand.short_at)
    facts = _take(demand, planned, shelves, at)
    if planned.missing:
        facts.append(demand.released(planned.missing, allocation_id=held.allocation_id, reason=reason, at=at))
    return facts


def dispatch(demand: Demand, allocation_id: str, site: str, lines: Lines, shelves: Sequence[Shelf]) -> None:
    """Take goods that left off the shelf and out of the allocation."""
    held = demand.allocation(allocation_id)
    covered = {line.line_number: line.quantity for line in common(held.lines, lines)} if held else {}
    for line in lines:
        shelf_of(shelves, line.sku, site).ship(line.quantity, reserved=covered.get(line.line_number, 0))
    if held:
        demand.drop(held, lines)


def shelf_of(shelves: Sequence[Shelf], sku: str, site: str) -> Shelf:
    """Return the shelf of an SKU at a site.

    Raises:
        LookupError: it is not among those given.
    """
    for shelf in shelves:
        if shelf.sku == sku and shelf.site == site:
            return shelf
    raise LookupError(f"no shelf of {sku} at {site}")


def _take(demand: Demand, planned: Plan, shelves: Sequence[Shelf], at: datetime) -> Facts:
    facts: Facts = []
    for site, lines in planned.portions:
        for line in lines:
            shelf_of(shelves, line.sku, site).reserve(line.quantity)
        facts.append(demand.allocated(demand.hold(site, lines), at))
    return facts
