"""Plans of returns: from the customer back to a site."""

from collections.abc import Sequence

from canonical.orders import ReturnAuthorized
from canonical.transport import ReturnShipmentPlanned
from canonical.values import Parcel
from chassis import Clock, Outcome, Permanent

from transport_planner.domain import (
    Considered,
    OrderIndex,
    Quote,
    ReturnPlan,
    Sites,
    decide,
    return_shipment_id,
)
from transport_planner.handlers.shipments import load_of, site_of
from transport_planner.ports import Consignment, Orders, RateReturn, Rates, Returns, Routing

UNLABELLED = "0" * 18
BOX_MM = (400, 300, 200)
LARGEST_GRAMS = 30_000


async def plan_return(event: ReturnAuthorized, *, returns: Returns, orders: Orders, sites: Sites) -> Outcome:
    """Ask for rates of a return; it is taken to be one box, weighed by its pieces.

    Raises:
        Permanent: nobody knows where the return site is.
    """
    if await returns.get(event.return_id):
        return []
    site = site_of(event.return_site, sites)
    plan = ReturnPlan(authorized=event, since=event.occurred_at, shipment_id=return_shipment_id(event.return_id))
    returns.put(event.return_id, plan)
    index = await orders.get(event.order_id) or OrderIndex()
    index.returns.append(event.return_id)
    orders.put(event.order_id, index)
    consignment = Consignment(
        shipment_id=plan.shipment_id,
        ship_from=event.ship_from,
        ship_to=site.address,
        service_level="standard",
        parcels=(_box(event, sites.return_piece_grams),),
    )
    return [RateReturn(lane=event.return_id, return_id=event.return_id, consignment=consignment)]


async def fetch_return_quotes(effect: RateReturn, *, key: str, rates: Rates) -> list[Quote]:
    """Call the TMS; rating changes nothing there, so the key is not needed."""
    del key
    return await rates.quotes(effect.consignment)


async def choose_return_carrier(
    effect: RateReturn, quotes: Sequence[Quote], *, returns: Returns, routing: Routing, sites: Sites, clock: Clock
) -> Outcome:
    """Take the quote the routing rules choose.

    Raises:
        Permanent: no carrier brings it back; a person has to plan.
    """
    plan = await _known(effect.return_id, returns)
    if plan.status == "planned":
        return []
    site = site_of(plan.authorized.return_site, sites)
    decision = decide(load_of(effect.consignment, site, plan.since), quotes, routing.rules)
    if decision.chosen is None:
        raise Permanent("no carrier brings the return back", remedy="re-plan-by-hand")
    plan.decision = decision
    plan.plan(clock.now())
    returns.put(effect.return_id, plan)
    return [_planned(plan, decision.chosen, effect.consignment)]


async def hold_return(effect: RateReturn, failure: Permanent, *, returns: Returns, clock: Clock) -> Outcome:
    """Nothing can be planned: keep why, for the person who plans by hand."""
    plan = await _known(effect.return_id, returns)
    plan.hold(str(failure), clock.now())
    returns.put(effect.return_id, plan)
    return []


async def _known(return_id: str, returns: Returns) -> ReturnPlan:
    plan = await returns.get(return_id)
    if plan is None:
        raise Permanent(f"return {return_id} is not known here", remedy="check-return")
    return plan


def _box(event: ReturnAuthorized, piece_grams: int) -> Parcel:
    length, width, height = BOX_MM
    grams = min(LARGEST_GRAMS, piece_grams * sum(line.quantity for line in event.lines))
    return Parcel(
        sscc=UNLABELLED,
        weight_grams=max(grams, piece_grams),
        length_mm=length,
        width_mm=width,
        height_mm=height,
        contents=event.lines,
    )


def _planned(plan: ReturnPlan, chosen: Considered, consignment: Consignment) -> ReturnShipmentPlanned:
    event = plan.authorized
    return ReturnShipmentPlanned(
        occurred_at=plan.since,
        order_id=event.order_id,
        shipment_id=plan.shipment_id,
        return_id=event.return_id,
        customer_id=event.customer_id,
        carrier_code=chosen.quote.carrier_code,
        service_code=chosen.quote.service_code,
        ship_from=consignment.ship_from,
        ship_to=consignment.ship_to,
        contact=event.contact,
        site=event.return_site,
    )
