"""Which site serves which part of an order: one site if one can, as few as possible otherwise."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from canonical.values import LineQuantity

from inventory_sync.domain.quantities import Lines, resize, subtract
from inventory_sync.domain.shelf import Shelf

Barred = Collection[tuple[int, str]]


@dataclass(frozen=True, slots=True)
class Plan:
    """What each site would set aside, and what nobody can."""

    portions: tuple[tuple[str, Lines], ...]
    missing: Lines


def plan(lines: Sequence[LineQuantity], shelves: Sequence[Shelf], barred: Barred = ()) -> Plan:
    """Spread lines over sites without promising a piece twice.

    The site that covers most goes first, so an order that fits into one site is never split; of equals the one with
    more left wins, then the site code. `barred` names line and site pairs that must not meet.
    """
    free = {(shelf.sku, shelf.site): shelf.available for shelf in shelves}
    sites = sorted({shelf.site for shelf in shelves})
    wanted: Lines = tuple(lines)
    portions: list[tuple[str, Lines]] = []
    while wanted and sites:
        offers = {site: _offer(site, wanted, free, barred) for site in sites}
        best = max(sites, key=lambda site: (_pieces(offers[site]), _spare(site, wanted, free)))
        if not offers[best]:
            break
        portions.append((best, offers[best]))
        wanted = subtract(wanted, offers[best])
        sites = [site for site in sites if site != best]
    return Plan(tuple(portions), wanted)


def _offer(site: str, wanted: Lines, free: dict[tuple[str, str], int], barred: Barred) -> Lines:
    used: dict[str, int] = {}
    offered: list[LineQuantity] = []
    for line in wanted:
        if (line.line_number, site) in barred:
            continue
        quantity = min(line.quantity, free.get((line.sku, site), 0) - used.get(line.sku, 0))
        if quantity > 0:
            used[line.sku] = used.get(line.sku, 0) + quantity
            offered.append(resize(line, quantity))
    return tuple(offered)


def _pieces(lines: Lines) -> int:
    return sum(line.quantity for line in lines)


def _spare(site: str, wanted: Lines, free: dict[tuple[str, str], int]) -> int:
    return sum(free.get((line.sku, site), 0) for line in wanted)
